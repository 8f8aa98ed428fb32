//! Users, passwords, roles and tokens.

use otp_exchange::{CodeStore, StoreError, Swap, Timestamp};
use otp_exchange_etcd::etcd_client::{Client, ConnectOptions, Permission};
use otp_exchange_etcd::{Error, EtcdStore};
use otp_exchange_trials::{BoxError, Outcome, Subject, Trial, runtime};

use crate::server::{Etcd, fresh};

const PASSWORD: &str = "s3cret, with @ and /";
const ENCODED: &str = "s3cret%2C%20with%20%40%20and%20%2F";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::new("a wrong user, password or role is said to be wrong", refused),
        Trial::new("a token that the server forgot is renewed", forgotten_token),
        Trial::new("a signed token from before users changed is renewed", old_token),
    ]
}

/// Has root, a user `otp` who may use the prefix `otp/`, and a user `other` who may use another.
async fn guard(server: &Etcd) -> Result<Client, BoxError> {
    let mut client = Client::connect([server.listens().to_string()], None).await?;
    for (name, keys) in [("otp", "otp/"), ("other", "other/")] {
        client.role_add(name).await?;
        client.role_grant_permission(name, Permission::read_write(keys).with_prefix()).await?;
        client.user_add(name, PASSWORD, None).await?;
        client.user_grant_role(name, name).await?;
    }
    client.user_add("root", "root", None).await?;
    client.user_grant_role("root", "root").await?;
    client.auth_enable().await?;
    let root = ConnectOptions::new().with_user("root", "root").with_auto_token_refresh(true);
    Ok(Client::connect([server.listens().to_string()], Some(root)).await?)
}

fn url(server: &Etcd, user: &str, password: &str) -> String {
    format!("etcd://{user}:{password}@{}", server.listens())
}

async fn write(store: &EtcdStore) -> Result<(), StoreError> {
    let (name, value) = fresh(100).map_err(StoreError::not_applied)?;
    match store.swap(name, None, &value, Timestamp::from_unix_millis(0)).await? {
        Swap::Applied if store.load(name).await? == Some(value) => Ok(()),
        _ => Err(StoreError::unknown("it is not there")),
    }
}

fn refused() -> Outcome {
    let server = Etcd::start();
    let connect = |url: &str| runtime().block_on(EtcdStore::connect(url));
    match connect(&url(&server, "otp", ENCODED)) {
        Err(Error::Login(_)) => {}
        other => return Err(format!("a user where there are none: {other:?}").into()),
    }
    let unguarded = server.store();
    runtime().block_on(guard(&server))?;
    runtime().block_on(write(&connect(&url(&server, "otp", ENCODED))?))?;
    for (user, password) in [("otp", "wr0ng"), ("nobody", ENCODED)] {
        match connect(&url(&server, user, password)) {
            Err(error @ Error::Login(_)) if !format!("{error} {error:?}").contains("wr0ng") => {}
            other => return Err(format!("{user}: {other:?}").into()),
        }
    }
    match connect(&server.url()) {
        Err(Error::Login(_)) => {}
        other => return Err(format!("no user: {other:?}").into()),
    }
    match connect(&url(&server, "other", ENCODED)) {
        Err(Error::Denied(_)) => {}
        other => return Err(format!("another's prefix: {other:?}").into()),
    }
    runtime().block_on(write(&connect(&format!("{}/other/", url(&server, "other", ENCODED)))?))?;
    // Who was there before users were wanted.
    let error = runtime().block_on(write(&unguarded)).expect_err("users are wanted");
    if error.may_have_applied()
        || !error.is_permanent()
        || !matches!(error.cause().downcast_ref(), Some(Error::Login(_)))
    {
        return Err(format!("{error:?}").into());
    }
    Ok(())
}

fn forgotten_token() -> Outcome {
    let server = Etcd::start();
    let mut root = runtime().block_on(guard(&server))?;
    let store = runtime().block_on(EtcdStore::connect(&url(&server, "otp", ENCODED)))?;
    let user = ConnectOptions::new().with_user("otp", PASSWORD);
    let client = runtime().block_on(Client::connect([server.listens().to_string()], Some(user)))?;
    let not_renewing = EtcdStore::new(client);
    runtime().block_on(write(&not_renewing))?;
    // etcd forgets a user's tokens when the password is set, be it to the same.
    runtime().block_on(root.user_change_password("otp", PASSWORD))?;
    let writes: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            runtime().spawn(async move { write(&store).await })
        })
        .collect();
    for write in writes {
        runtime().block_on(write)??;
    }
    let error = runtime().block_on(write(&not_renewing)).expect_err("its token is gone");
    if error.may_have_applied() || !error.is_permanent() {
        return Err(format!("{error:?}").into());
    }
    // And once the password is no longer right, that is what it says.
    runtime().block_on(root.user_change_password("otp", "an0ther"))?;
    let error = runtime().block_on(write(&store)).expect_err("the password was changed");
    if error.may_have_applied() || !matches!(error.cause().downcast_ref(), Some(Error::Login(_))) {
        return Err(format!("{error:?}").into());
    }
    Ok(())
}

fn old_token() -> Outcome {
    let folder = tempfile::TempDir::new()?;
    let key = folder.path().join("key");
    std::fs::write(&key, "a key to sign tokens with, long enough for anybody")?;
    let token = format!("--auth-token=jwt,priv-key={},sign-method=HS256,ttl=1h", key.display());
    let server = Etcd::alone(&[&token]);
    let mut root = runtime().block_on(guard(&server))?;
    let store = runtime().block_on(EtcdStore::connect(&url(&server, "otp", ENCODED)))?;
    for number in 0..5 {
        runtime().block_on(write(&store))?;
        runtime().block_on(async {
            root.refresh_token().await?;
            root.user_add(format!("user-{number}"), "password", None).await
        })?;
    }
    Ok(runtime().block_on(write(&store))?)
}
