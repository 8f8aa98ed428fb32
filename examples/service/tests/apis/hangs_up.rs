//! Whoever hangs up before the answer gets the message all the same: the code is stored as sent by then, and
//! nobody could ask for it again before the send spacing is over.

use std::sync::Arc;

use otp_exchange::{
    CodeStore, DynNotifier, DynStore, MemoryStore, Name, Sealed, StoreError, Swap, Timestamp, Version,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::scene::Scene;

const ADA: &str = "ada@example.org";

/// A store whose writes wait: they are made, and then not answered before they are let.
struct Slow {
    store: MemoryStore,
    written: Arc<Semaphore>,
    lets: Arc<Semaphore>,
}

impl CodeStore for Slow {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let swapped = self.store.swap(name, expected, value, forget_after).await;
        self.written.add_permits(1);
        self.lets.acquire().await.map_err(StoreError::unknown)?.forget();
        swapped
    }
}

#[tokio::test]
async fn a_registration_is_sent_whoever_stays_for_the_answer() {
    let [written, lets] = [(); 2].map(|()| Arc::new(Semaphore::new(0)));
    let (asked, gate) = (Arc::clone(&written), Arc::clone(&lets));
    let store = |store| DynStore::new(Slow { store, written: asked, lets: gate });
    let scene = Scene::on(&[], store, DynNotifier::new).await;

    let body = json!({ "identifier": ADA }).to_string();
    let head = format!(
        "POST /v1/apps/demo/register/otp HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut client = TcpStream::connect(scene.url.trim_start_matches("http://")).await.unwrap();
    client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    // The client's quota, which is paid, then the ledger with the code.
    written.acquire().await.unwrap().forget();
    lets.add_permits(1);
    written.acquire().await.unwrap().forget();
    client.shutdown().await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap(); // the server has seen it, and let go
    assert_eq!(String::from_utf8_lossy(&answer), "");
    lets.add_permits(100);
    scene.mail(ADA).await;
}
