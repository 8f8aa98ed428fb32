//! Passage tells nobody who has an account: whatever is asked of known and unknown addresses, status, headers
//! and body are the same but for the otp id, and that has the same length.

use otp_exchange::testkit::CountingStore;
use otp_exchange::{DynNotifier, DynStore};
use serde_json::json;

use crate::scene::{Answer, Scene, wrong};

/// An address for each; of the same length, so that nothing else differs.
const KNOWN: &str = "known@example.org";
const OTHER: &str = "other@example.org";

const ASK: [(&str, u16); 2] = [("/v1/apps/demo/login/otp", 200), ("/v1/apps/demo/register/otp", 201)];
const ACTIVATE: &str = "/v1/apps/demo/otp/activate";

impl Scene {
    async fn ask_for(&self, path: &str, identifier: &str) -> Answer {
        self.post(path, &json!({ "identifier": identifier, "language": "fr" })).await
    }

    async fn type_in(&self, otp_id: &str, otp: &str) -> Answer {
        self.post(ACTIVATE, &json!({ "otp_id": otp_id, "otp": otp })).await
    }

    /// One who is known, to a scene with as much room for messages as before.
    async fn with_one_known() -> Self {
        let scene = Self::start().await;
        scene.registers_one().await;
        scene
    }

    async fn registers_one(&self) {
        let otp_id = self.ask_for(ASK[1].0, KNOWN).await.text("/otp_id");
        let code = self.mail(KNOWN).await.code;
        self.type_in(&otp_id, &code).await.expect(200);
        self.later();
    }
}

/// All of it but the date; each otp id by its length.
fn masked(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    if let Some(otp_id) = answer.json()["otp_id"].as_str() {
        body = body.replace(otp_id, &"x".repeat(otp_id.len()));
    }
    (answer.status, headers, body)
}

#[tokio::test]
async fn requests_and_wrong_codes_look_the_same() {
    for (path, status) in ASK {
        let scene = Scene::with_one_known().await;
        let (known, other) = (scene.ask_for(path, KNOWN).await, scene.ask_for(path, OTHER).await);
        assert_eq!(known.status, status);
        assert_eq!(masked(&known), masked(&other), "{path}");

        let (too_soon, other_too_soon) = (scene.ask_for(path, KNOWN).await, scene.ask_for(path, OTHER).await);
        assert_eq!(too_soon.status, 429);
        assert_eq!(masked(&too_soon), masked(&other_too_soon), "{path}, throttled");

        // The one of the two that is real got a message; a code that is wrong for both:
        let real = if status == 200 { KNOWN } else { OTHER };
        let code = wrong(&scene.mail(real).await.code);
        let (known, other) = (known.text("/otp_id"), other.text("/otp_id"));
        for attempt in 0..7 {
            let (one, two) = (scene.type_in(&known, &code).await, scene.type_in(&other, &code).await);
            assert_eq!(one.status, 401);
            assert_eq!(masked(&one), masked(&two), "{path}, attempt {attempt}");
        }
    }
}

#[tokio::test]
async fn the_store_is_asked_the_same() {
    let mut counting = None;
    let counted = |store| DynStore::new(counting.insert(CountingStore::new(store)).clone());
    let scene = Scene::on(&[], counted, DynNotifier::new).await;
    let store = counting.unwrap();
    let calls = || [store.loads(), store.swaps(), store.applied()];
    scene.registers_one().await;
    for (path, _) in ASK {
        let mut asked = Vec::new();
        for identifier in [KNOWN, OTHER] {
            let before = calls();
            let otp_id = scene.ask_for(path, identifier).await.text("/otp_id");
            let between = calls();
            scene.type_in(&otp_id, "000000").await;
            asked.push(
                [before, between, calls()]
                    .windows(2)
                    .map(|pair| [0, 1, 2].map(|which| pair[1][which] - pair[0][which]))
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(asked[0], asked[1], "{path}");
        scene.later();
    }
}

#[tokio::test]
async fn no_code_is_right_for_a_decoy() {
    let scene = Scene::with_one_known().await;
    let decoy = scene.ask_for(ASK[0].0, OTHER).await.text("/otp_id");
    scene.later();
    scene.ask_for(ASK[0].0, KNOWN).await;
    let code = scene.mail(KNOWN).await.code;
    scene.type_in(&decoy, &code).await.expect(401);
    assert_eq!(scene.mailbox.total(), 2, "nothing was sent to the other");
}

#[tokio::test]
async fn otp_ids_that_are_dead_foreign_altered_or_made_up_look_the_same() {
    let scene = Scene::with_one_known().await;
    let elsewhere = Scene::start().await;
    let foreign = elsewhere.ask_for(ASK[1].0, KNOWN).await.text("/otp_id");
    let used = scene.ask_for(ASK[0].0, KNOWN).await.text("/otp_id");
    let code = scene.mail(KNOWN).await.code;
    scene.type_in(&used, &code).await.expect(200);
    scene.later();
    let decoy = scene.ask_for(ASK[0].0, OTHER).await.text("/otp_id");
    scene.later();
    let expired = scene.ask_for(ASK[1].0, OTHER).await.text("/otp_id");
    scene.later();
    let altered = wrong(&used);
    let made_up = "x".repeat(used.len());
    let first = scene.type_in(&used, &code).await;
    assert_eq!(first.status, 401);
    for otp_id in
        [&*foreign, &*decoy, &*expired, &*altered, &*made_up, "", "short", &"long".repeat(1000), "é\0"]
    {
        let answer = scene.type_in(otp_id, &code).await;
        assert_eq!(masked(&answer), masked(&first), "{otp_id}");
    }
}
