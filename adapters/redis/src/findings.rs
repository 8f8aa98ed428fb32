//! What a server says of itself, and whether entries may lie there.

use std::collections::HashMap;

use crate::error::Error;

/// What [`RedisStore::check`](crate::RedisStore::check) found; of several servers of a cluster, the least.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// How many servers were looked at: one, or every primary of a cluster.
    pub servers: usize,
    /// The version of Redis the server says it is compatible with (`redis_version`).
    pub version: String,
    /// Whether the append-only file is on. Without it a restart brings back an older state: used codes are
    /// good again, revoked sessions too. How often it is flushed (`appendfsync`) no server tells without
    /// CONFIG.
    pub append_only: bool,
    /// How many replicas are connected.
    pub replicas: u32,
    /// Whether it is part of a cluster.
    pub in_cluster: bool,
}

impl Findings {
    /// Judges the text that INFO answers.
    ///
    /// # Errors
    /// [`Error::Old`], [`Error::Replica`] or [`Error::Evicts`]; [`Error::Nonsense`] if it is no such text.
    pub(crate) fn read(info: &str) -> Result<Self, Error> {
        let fields: HashMap<&str, &str> =
            info.lines().filter_map(|line| line.trim_end().split_once(':')).collect();
        let field = |name| fields.get(name).copied().ok_or(Error::Nonsense);
        let version = field("redis_version")?;
        let major: u32 =
            version.split('.').next().and_then(|major| major.parse().ok()).ok_or(Error::Nonsense)?;
        if major < 6 {
            return Err(Error::Old(version.to_owned()));
        }
        if field("role")? != "master" {
            return Err(Error::Replica);
        }
        // Without a limit nothing is ever evicted. Some hosted servers leave the two fields out.
        let limited = fields.get("maxmemory").is_none_or(|limit| *limit != "0");
        let policy = fields.get("maxmemory_policy").copied().unwrap_or("noeviction");
        if limited && policy != "noeviction" {
            return Err(Error::Evicts(policy.to_owned()));
        }
        Ok(Self {
            servers: 1,
            version: version.to_owned(),
            append_only: fields.get("aof_enabled") == Some(&"1"),
            replicas: fields.get("connected_slaves").and_then(|count| count.parse().ok()).unwrap_or(0),
            in_cluster: fields.get("cluster_enabled") == Some(&"1"),
        })
    }

    /// What holds of both.
    pub(crate) fn and(self, other: Self) -> Self {
        let number =
            |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
        let older = number(&other.version) < number(&self.version);
        Self {
            servers: self.servers + other.servers,
            version: if older { other.version } else { self.version },
            append_only: self.append_only && other.append_only,
            replicas: self.replicas.min(other.replicas),
            in_cluster: self.in_cluster && other.in_cluster,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory:1048576\r\n\
        maxmemory_policy:noeviction\r\n# Persistence\r\naof_enabled:1\r\n# Replication\r\nrole:master\r\n\
        connected_slaves:2\r\n# Cluster\r\ncluster_enabled:0\r\n";

    fn with(from: &str, to: &str) -> Result<Findings, Error> {
        assert!(GOOD.contains(from));
        Findings::read(&GOOD.replace(from, to))
    }

    #[test]
    fn a_sound_server_passes_and_each_flaw_is_named() {
        let sound = Findings::read(GOOD).unwrap();
        let expected = Findings {
            servers: 1,
            version: "7.0.15".into(),
            append_only: true,
            replicas: 2,
            in_cluster: false,
        };
        assert_eq!(sound, expected);
        assert!(matches!(with("7.0.15", "5.0.14"), Err(Error::Old(version)) if version == "5.0.14"));
        assert!(with("7.0.15", "6.0.0").is_ok());
        assert!(with("7.0.15", "10.1.0").is_ok());
        assert!(matches!(with("role:master", "role:slave"), Err(Error::Replica)));
        for policy in ["allkeys-lru", "volatile-ttl", "volatile-lru", "allkeys-random", "one-of-tomorrow"] {
            assert!(matches!(with("noeviction", policy), Err(Error::Evicts(found)) if found == policy));
            // The policy of a server without a limit is never applied.
            let unlimited = GOOD.replace("maxmemory:1048576", "maxmemory:0").replace("noeviction", policy);
            assert!(Findings::read(&unlimited).is_ok());
        }
        assert!(!with("aof_enabled:1", "aof_enabled:0").unwrap().append_only);
        for nonsense in ["", "redis_version", "redis_version:x.y\r\nrole:master", "redis_version:7.0.0"] {
            assert!(matches!(Findings::read(nonsense), Err(Error::Nonsense)));
        }
    }

    #[test]
    fn of_two_servers_the_lesser_counts() {
        let one = with("7.0.15", "10.0.0").unwrap();
        let other = with("aof_enabled:1", "aof_enabled:0").unwrap();
        let both = one.and(other);
        assert_eq!((both.servers, both.version.as_str(), both.append_only), (2, "7.0.15", false));
    }
}
