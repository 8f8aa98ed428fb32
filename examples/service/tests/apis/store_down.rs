//! While the store does not answer, everything is 503 with Retry-After, and nothing is decided: afterwards
//! the same code works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use otp_exchange::testkit::Injected;
use otp_exchange::{
    CodeStore, DynNotifier, DynStore, MemoryStore, Name, Sealed, StoreError, Swap, Timestamp, Version,
};
use serde_json::{Value, json};

use crate::scene::{Answer, ROOT, SHOP, Scene, answer};

/// A store that can be switched off.
struct Switched {
    store: MemoryStore,
    is_off: Arc<AtomicBool>,
}

impl Switched {
    fn up(&self) -> Result<&MemoryStore, StoreError> {
        if self.is_off.load(Ordering::SeqCst) {
            Err(StoreError::not_applied(Injected))
        } else {
            Ok(&self.store)
        }
    }
}

impl CodeStore for Switched {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.up()?.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.up()?.swap(name, expected, value, forget_after).await
    }
}

async fn scene() -> (Scene, Arc<AtomicBool>) {
    let is_off = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_off);
    let store = |store| DynStore::new(Switched { store, is_off: switch });
    (Scene::on(&[], store, DynNotifier::new).await, is_off)
}

#[track_caller]
fn unavailable(answer: &Answer) {
    answer.expect(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.body.contains("injected"), "{}", answer.body);
}

#[tokio::test]
async fn every_request_is_503_and_the_codes_work_afterwards() {
    let (scene, is_off) = scene().await;
    let asked = json!({ "identifier": "ada@example.org" });
    let otp_id = scene.post("/v1/apps/demo/register/otp", &asked).await.text("/otp_id");
    let typed = json!({ "otp_id": otp_id, "otp": scene.mail("ada@example.org").await.code });
    let options = json!({ "email": "eve@example.org" });
    assert_eq!(scene.post_as(SHOP, "/sys/auth/sendOtpCode", &options).await.expect(200), true);
    let exchanged = json!({ "code": scene.mail("eve@example.org").await.code });
    let token =
        scene.post_as(ROOT, "/sys/auth/createToken", &json!({ "idOrEmailUser": "dev" })).await.text("/token");

    is_off.store(true, Ordering::SeqCst);
    let to = json!({ "to": "32412345678" });
    for _ in 0..10 {
        unavailable(&scene.post_as(SHOP, "/2fa/create", &to).await);
        unavailable(&scene.post_by(&token, "/2fa/create", &to).await);
        unavailable(&scene.post("/v1/apps/demo/login/otp", &asked).await);
        unavailable(&scene.post("/v1/apps/demo/register/otp", &asked).await);
        unavailable(&scene.post("/v1/apps/demo/otp/activate", &typed).await);
        unavailable(&scene.post_as(SHOP, "/sys/auth/sendOtpCode", &options).await);
        unavailable(&scene.post_by(&token, "/sys/auth/sendOtpCode", &options).await);
        unavailable(&scene.post("/sys/auth/createToken", &exchanged).await);
        unavailable(&scene.post_as(ROOT, "/sys/auth/createToken", &json!({ "idOrEmailUser": "dev" })).await);
    }
    let healthy = answer(scene.http.get(format!("{}/healthz", scene.url))).await;
    assert_eq!(healthy.status, 200, "the process answers");
    assert_eq!(scene.mailbox.total(), 2);

    is_off.store(false, Ordering::SeqCst);
    let json: Value = scene.post_as(SHOP, "/2fa/create", &to).await.expect(200);
    assert_eq!(json["data"]["32412345678"]["status"], "SENT");
    scene.post("/v1/apps/demo/otp/activate", &typed).await.expect(200);
    scene.post("/sys/auth/createToken", &exchanged).await.expect(200);
    scene.post("/v1/apps/demo/otp/activate", &typed).await.expect(401);
    scene.post("/sys/auth/createToken", &exchanged).await.expect(403);
}
