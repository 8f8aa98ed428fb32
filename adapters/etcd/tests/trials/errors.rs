//! A full server, foreign keys, addresses where no etcd is.

use std::io::{Read, Write};
use std::net::TcpListener;

use otp_exchange::{CodeStore, MalformedEntry, Name, StoreError, Swap, SystemClock, Timestamp};
use otp_exchange_etcd::etcd_client::{
    AlarmAction, AlarmOptions, AlarmType, Client, CompactionOptions, DeleteOptions,
};
use otp_exchange_etcd::{Error, EtcdStore};
use otp_exchange_trials::{BoxError, Outcome, SharedClock, Subject, Trial, free_port, runtime};

use crate::server::{Etcd, PATIENT, fresh};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::new("a full server refuses for good, and serves again once it is mended", full),
        Trial::new("a foreign key under the prefix is an error for good", foreign),
        Trial::new("prefixes do not see each other", prefixes),
        Trial::new("what is no etcd is said to be unusable", no_etcd),
    ]
}

/// The error of this adapter that a store's error holds.
fn cause(error: &StoreError) -> Result<&Error, BoxError> {
    error.cause().downcast_ref().ok_or_else(|| format!("{error:?}").into())
}

fn full() -> Outcome {
    let server = Etcd::alone(&["--quota-backend-bytes=4194304"]);
    let store = server.store();
    let (kept, kept_value) = fresh(16 * 1024)?;
    let _ = runtime().block_on(store.swap(kept, None, &kept_value, Timestamp::MAX))?;
    let error = (0..1000).find_map(|_| {
        let (name, value) = fresh(16 * 1024).ok()?;
        runtime().block_on(store.swap(name, None, &value, Timestamp::MAX)).err()
    });
    let error = error.ok_or("it was never full")?;
    if !matches!(cause(&error)?, Error::Full(_)) || !error.may_have_applied() || !error.is_permanent() {
        return Err(format!("{error:?}").into());
    }
    let again =
        |value: &_| runtime().block_on(store.swap(kept, Some(kept_value.version()), value, Timestamp::MAX));
    let value = fresh(100)?.1;
    if !matches!(cause(&again(&value).expect_err("it is full"))?, Error::Full(_)) {
        return Err("the alarm was forgotten".into());
    }
    if runtime().block_on(store.load(kept))? != Some(kept_value.clone()) {
        return Err("a full server cannot be read".into());
    }
    match runtime().block_on(EtcdStore::connect(&server.url())) {
        Err(Error::Full(_)) => {}
        other => return Err(format!("connecting to a full server: {other:?}").into()),
    }
    let mut client = server.client();
    runtime().block_on(mend(&mut client, kept))?;
    if again(&value)? != Swap::Applied {
        return Err("it stayed full".into());
    }
    Ok(())
}

/// Makes room as the error says: here by deleting all but one entry.
async fn mend(client: &mut Client, kept: Name) -> Outcome {
    let kept = [b"otp/", &kept.as_bytes()[..]].concat();
    let end = [&kept[..], &[0xff; 16]].concat();
    client.delete("otp/", Some(DeleteOptions::new().with_range(kept))).await?;
    client.delete(end, Some(DeleteOptions::new().with_range("otp0"))).await?;
    let revision = client.get("otp/", None).await?.header().ok_or("a header")?.revision();
    client.compact(revision, Some(CompactionOptions::new().with_physical())).await?;
    client.defragment().await?;
    for alarm in client.alarm(AlarmAction::Get, AlarmType::Nospace, None).await?.alarms() {
        let mut of = AlarmOptions::new();
        of.with_member(alarm.member_id());
        client.alarm(AlarmAction::Deactivate, AlarmType::Nospace, Some(of)).await?;
    }
    Ok(())
}

fn foreign() -> Outcome {
    let server = Etcd::start();
    let (store, mut client) = (server.store(), server.client());
    let mut load_of = |keys: &[(&[u8], &[u8])]| -> Result<StoreError, BoxError> {
        let (name, _) = fresh(33)?;
        for (key, value) in keys {
            let key = [b"otp/", &name.as_bytes()[..], key].concat();
            runtime().block_on(client.put(key, *value, None))?;
        }
        let error = runtime().block_on(store.load(name)).expect_err("it cannot be an entry");
        if error.may_have_applied() || !error.is_permanent() {
            return Err(format!("{error:?}").into());
        }
        Ok(error)
    };
    for value in [&b""[..], b"short", &[7; 32], &vec![7; 16_385]] {
        if !load_of(&[(&[7; 12], value)])?.cause().is::<MalformedEntry>() {
            return Err("of such a size?".into());
        }
    }
    for keys in [
        &[(&[8; 12][..], &[7; 100][..])][..],
        &[(b"", &[7; 100])],
        &[(&[7; 13], &[7; 100])],
        &[(&[7; 12], &[7; 100]), (&[8; 12], &[8; 100])],
    ] {
        if !matches!(cause(&load_of(keys)?)?, Error::Foreign) {
            return Err("another key than the version's".into());
        }
    }
    Ok(())
}

fn prefixes() -> Outcome {
    let server = Etcd::start();
    let (store, (name, value)) = (server.store(), fresh(100)?);
    let by_url = runtime().block_on(EtcdStore::connect(&format!("{}/other/", server.url())))?;
    let by_hand = EtcdStore::new(server.client()).prefix("other/");
    runtime().block_on(async {
        by_hand.check().await?;
        let applied = by_url.swap(name, None, &value, Timestamp::MAX).await?;
        let found = (store.load(name).await?, by_hand.load(name).await?);
        if applied != Swap::Applied || found != (None, Some(value)) {
            return Err(BoxError::from(format!("{found:?}")));
        }
        Ok(())
    })?;
    let shown = format!("{by_hand:?}");
    if shown.contains("other/") { Ok(()) } else { Err(shown.into()) }
}

/// Nobody listens; somebody does who speaks another language; somebody hangs up.
fn no_etcd() -> Outcome {
    let connect = |port: u16| {
        let url = format!("etcd://ada:secret@127.0.0.1:{port}");
        let error = runtime().block_on(EtcdStore::connect(&url)).expect_err("there is no etcd");
        if format!("{error} {error:?}").contains("secret") {
            Err(BoxError::from("it tells the password"))
        } else {
            Ok(error)
        }
    };
    match connect(free_port())? {
        Error::Unreachable(_) => {}
        other => return Err(format!("nobody listens: {other:?}").into()),
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 100]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    match connect(port)? {
        Error::Failed(_) | Error::Timeout(_) | Error::Unreachable(_) => {}
        other => return Err(format!("another server: {other:?}").into()),
    }
    // A clock and a timeout at the end of their ranges are no trouble.
    let server = Etcd::start();
    let store = runtime().block_on(Etcd::connect(&server.url(), SharedClock::new(SystemClock), PATIENT))?;
    let store = store.timeout(std::time::Duration::MAX);
    if runtime().block_on(store.load(fresh(33)?.0))?.is_some() { Err("of nobody".into()) } else { Ok(()) }
}
