//! How the server is asked, and what its answers mean.

use std::sync::Arc;

use otp_exchange::Version;
use redis::{Cmd, Pipeline, Value, cmd};

use crate::error::Error;
use crate::nodes::{self, Node, Shared};
use crate::{RedisStore, Replicas, no_url, scripts};

/// How often one request is sent on before it is given up: by redirections, or because a script was unknown.
const TURNS: usize = 8;

/// What is asked about one key.
pub(crate) struct Question {
    pub(crate) key: Vec<u8>,
    pub(crate) ask: Ask,
}

/// A load or a swap.
pub(crate) enum Ask {
    Load,
    Swap { expected: Option<Version>, write: Vec<Vec<u8>> },
}

impl Question {
    /// The command, with the `whole` script or with its hash. A load needs one only where it has to `settle`
    /// what it shows on replicas.
    fn command(&self, whole: bool, settle: bool) -> Cmd {
        let (text, script) = match &self.ask {
            Ask::Load if !settle => return cmd("GET").arg(&self.key).take(),
            Ask::Load => (scripts::LOAD, &scripts::LOAD_SHA),
            Ask::Swap { .. } => (scripts::SWAP, &scripts::SWAP_SHA),
        };
        let mut command = if whole { cmd("EVAL") } else { cmd("EVALSHA") };
        command.arg(if whole { text } else { script.get_hash() }).arg(1).arg(&self.key);
        if let Ask::Swap { expected, write } = &self.ask {
            command.arg(expected.as_ref().map_or(&[][..], |version| version.as_bytes()));
            for part in write {
                command.arg(part);
            }
        }
        command
    }
}

impl RedisStore {
    /// Asks, within the timeout. Nil is `None`.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Option<Value>, Error> {
        self.within_timeout(async |under_way| self.ask_around(question, under_way).await).await
    }

    /// Does it within the timeout, and gives up the connection on which a request is under way by then: a
    /// network that swallows packets does not close it.
    pub(crate) async fn within_timeout<T>(
        &self,
        work: impl AsyncFnOnce(&mut Option<Shared>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut under_way = None;
        if let Ok(done) = tokio::time::timeout(self.timeout, work(&mut under_way)).await {
            return done;
        }
        if let Some(connection) = &under_way {
            connection.give_up();
        }
        Err(Error::Timeout { within: self.timeout, sent: under_way.is_some() })
    }

    /// Asks the server that has the slot of the key. It asks again only where it is certain that nothing was
    /// done: the server sends the request on, does not know the script, or is cut off from its cluster.
    pub(crate) async fn ask_around(
        &self,
        question: &Question,
        under_way: &mut Option<Shared>,
    ) -> Result<Option<Value>, Error> {
        let mut candidates = self.nodes.candidates(&question.key).into_iter();
        let (mut node, mut connection) = self.reach(&mut candidates).await?;
        let (mut whole, mut asking) = (false, false);
        for _ in 0..TURNS {
            *under_way = Some(connection.clone());
            let mut replies = connection.send(&self.commands(question, whole, asking)).await?.into_iter();
            *under_way = None;
            if asking {
                replies.next();
            }
            let (answer, confirmed) = (replies.next().ok_or(Error::Nonsense)?, replies.next());
            let Value::ServerError(error) = answer else {
                return self.judge(answer, confirmed);
            };
            match error.code() {
                "NOSCRIPT" => whole = true,
                code @ ("MOVED" | "ASK") => {
                    let (slot, host, port) =
                        error.details().and_then(nodes::redirection).ok_or(Error::Nonsense)?;
                    node = self.nodes.at(&node, host, port)?;
                    asking = code == "ASK";
                    if !asking {
                        self.nodes.learn(slot, &node);
                    }
                    connection = self.link(&node).await?;
                }
                code @ "CLUSTERDOWN" => match self.reach(&mut candidates).await {
                    Ok(next) => ((node, connection), asking) = (next, false),
                    Err(_) => return Err(Error::replied(code, error.details())),
                },
                code => {
                    if code == "READONLY" {
                        connection.give_up(); // by its name or its sentinels the new primary may be found
                    }
                    return Err(Error::replied(code, error.details()));
                }
            }
        }
        Err(Error::Redirected)
    }

    /// A connection to the first of these servers that can be reached.
    pub(crate) async fn reach(
        &self,
        candidates: &mut impl Iterator<Item = Arc<Node>>,
    ) -> Result<(Arc<Node>, Shared), Error> {
        let mut failure = no_url();
        for node in candidates {
            match self.link(&node).await {
                Ok(connection) => return Ok((node, connection)),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    pub(crate) async fn link(&self, node: &Arc<Node>) -> Result<Shared, Error> {
        // In a cluster a server that does not even refuse must leave time for another one.
        let patience = if self.nodes.are_several() { self.timeout / 4 } else { self.timeout };
        let connected = tokio::time::timeout(patience, node.connection(self.replicas.is_some())).await;
        let connected = connected.unwrap_or(Err(Error::Timeout { within: patience, sent: false }));
        if connected.is_err() {
            self.nodes.forget(node);
        }
        connected
    }

    /// What is sent, all at once on one connection: WAIT counts the writes of its own connection only, and on
    /// a new one it would be content at once.
    fn commands(&self, question: &Question, whole: bool, asking: bool) -> Pipeline {
        let mut commands = redis::pipe();
        if asking {
            commands.cmd("ASKING");
        }
        commands.add_command(question.command(whole, self.replicas.is_some()));
        if let Some(Replicas { needed, within }) = self.replicas {
            // 0 would mean for ever.
            commands
                .cmd("WAIT")
                .arg(needed)
                .arg(u32::try_from(within.as_millis()).unwrap_or(u32::MAX).max(1));
        }
        commands
    }

    /// An answer counts once enough replicas have what it tells of.
    ///
    /// A swap that was applied but is on too few is an error, the exchanger repeats it, it conflicts with
    /// itself, and the exchanger loads. That load, like that of any later flow, has written over what it
    /// found and waited; so nothing is built on a write that a replica may lack.
    fn judge(&self, answer: Value, confirmed: Option<Value>) -> Result<Option<Value>, Error> {
        match (answer, self.replicas, confirmed) {
            (Value::Nil, ..) => Ok(None), // nothing is there, or nothing was done
            (answer, None, _) => Ok(Some(answer)),
            (answer, Some(Replicas { needed, .. }), Some(Value::Int(reached))) => {
                let reached = u32::try_from(reached).unwrap_or(0);
                if reached >= needed {
                    Ok(Some(answer))
                } else {
                    Err(Error::TooFewReplicas { needed, reached })
                }
            }
            (_, Some(_), Some(Value::ServerError(error))) => {
                Err(Error::Failed { code: error.code().to_owned() })
            }
            (_, Some(_), _) => Err(Error::Nonsense),
        }
    }
}
