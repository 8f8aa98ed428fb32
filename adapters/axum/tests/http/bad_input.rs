//! Whatever is sent, the answer is a 4xx that names the field, and repeats nothing of it.

use std::fmt::Write as _;

use crate::support::{ADA, Answer, CALLER, World};
use reqwest::Method;
use serde_json::{Value, json};

/// Stands for a code, token or address wherever a value can stand.
const CANARY: &str = "739150284613";

async fn say(world: &World, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = world.request(Method::POST, path).header("content-type", "application/json");
    let answer = world.send(request.body(body.into())).await;
    assert!(!answer.body.contains(CANARY), "{}", answer.body);
    answer
}

#[tokio::test]
async fn fields_that_are_wrong_are_named() {
    let world = World::new().await;
    let (otp_id, _) = world.code("grace@example.org").await;
    let long = format!("{}@example.org", "a".repeat(300));
    let cases: [(&str, &str, String); 33] = [
        ("/codes", "to", "{}".into()),
        ("/codes", "to", r#"{"to":null}"#.into()),
        ("/codes", "to", format!(r#"{{"to":{CANARY}}}"#)),
        ("/codes", "to", format!(r#"{{"to":-{CANARY}}}"#)),
        ("/codes", "to", format!(r#"{{"to":{CANARY}.5}}"#)),
        ("/codes", "to", format!(r#"{{"to":["{CANARY}"]}}"#)),
        ("/codes", "to", format!(r#"{{"to":{{"address":"{CANARY}"}}}}"#)),
        ("/codes", "to", r#"{"to":true}"#.into()),
        ("/codes", "to", r#"{"to":""}"#.into()),
        ("/codes", "to", format!(r#"{{"to":"{CANARY} somebody"}}"#)),
        ("/codes", "to", format!(r#"{{"to":"{CANARY}@"}}"#)),
        ("/codes", "to", r#"{"to":"ada@example.org\u0000"}"#.into()),
        ("/codes", "to", r#"{"to":"ada@example.org\r\nBcc: eve@example.org"}"#.into()),
        ("/codes", "to", format!(r#"{{"to":"{long}"}}"#)),
        ("/codes", "to", r#"{"to":"ada@exämple.org"}"#.into()),
        ("/codes", "to", format!(r#"{{"to":"{ADA}","to":"{CANARY}@example.org"}}"#)),
        ("/codes", "purpose", format!(r#"{{"to":"{ADA}","purpose":{CANARY}}}"#)),
        ("/codes", "purpose", format!(r#"{{"to":"{ADA}","purpose":"{CANARY}"}}"#)),
        ("/codes", "purpose", format!(r#"{{"to":"{ADA}","purpose":"Login"}}"#)),
        ("/codes", "language", format!(r#"{{"to":"{ADA}","language":["{CANARY}"]}}"#)),
        ("/codes", "lifetime", format!(r#"{{"to":"{ADA}","lifetime":"{CANARY}"}}"#)),
        ("/codes", "code", format!(r#"{{"to":"{ADA}","code":"{CANARY}"}}"#)),
        ("/exchange", "otp_id", r#"{"code":"123456"}"#.into()),
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}"}}"#)),
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}","code":{CANARY}}}"#)),
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}","code":["{CANARY}"]}}"#)),
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}","code":null}}"#)),
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}","code":""}}"#)),
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}","code":"{CANARY}"}}"#)), // too long
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}","code":"１２３４５６"}}"#)),
        ("/exchange", "code", format!(r#"{{"otp_id":"{otp_id}","code":"000000","code":"{CANARY}"}}"#)),
        ("/exchange", "otp_id", format!(r#"{{"otp_id":{CANARY},"code":"123456"}}"#)),
        ("/exchange", "client", format!(r#"{{"otp_id":"{otp_id}","code":"123456","client":"{CANARY}"}}"#)),
    ];
    for (path, field, body) in cases {
        let answer = say(&world, path, body.clone()).await;
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.body);
        assert_eq!(answer.text("field"), field, "{path} {body}: {}", answer.body);
        assert!(answer.text("detail").starts_with(&format!("{field}: ")), "{}", answer.body);
    }
    world.settle().await;
    assert_eq!(world.outbox.total(), 1);
    let left = world.get(&format!("/codes/{otp_id}")).await.json();
    assert_eq!(left["attempts_left"], 5, "nothing of this is charged");
}

#[tokio::test]
async fn bodies_that_are_not_json_objects_are_refused() {
    let world = World::new().await;
    let deep = |open: &str| open.repeat(5_000);
    let bodies: [(Vec<u8>, &str); 14] = [
        (b"".to_vec(), "invalid-body"),
        (b"   ".to_vec(), "invalid-body"),
        (CANARY.as_bytes().to_vec(), "invalid-body"),
        (format!("[\"{CANARY}@example.org\",null,null]").into_bytes(), "invalid-body"),
        (format!("\"{CANARY}\"").into_bytes(), "invalid-body"),
        (b"null".to_vec(), "invalid-body"),
        (format!("{{\"to\":\"{CANARY}").into_bytes(), "invalid-body"),
        (format!("{{\"to\":\"{ADA}\"}} {CANARY}").into_bytes(), "invalid-body"),
        (format!("{{'to':'{CANARY}'}}").into_bytes(), "invalid-body"),
        (format!("to={CANARY}").into_bytes(), "invalid-body"),
        (b"{\"to\":\"\xff\xfe\"}".to_vec(), "invalid-body"),
        (br#"{"to":"\ud800"}"#.to_vec(), "invalid-body"),
        (format!("{{\"to\":{}", deep("[")).into_bytes(), "invalid-body"),
        (format!("{{\"to\":{}", deep("{\"a\":")[..16_000].to_owned()).into_bytes(), "invalid-body"),
    ];
    for (body, problem) in bodies {
        for path in ["/codes", "/exchange"].into_iter().take(1 + usize::from(!body.starts_with(b"{"))) {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
            let answer = say(&world, path, body.clone()).await;
            assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (400, problem), "{path} {shown}");
        }
    }
    assert_eq!(world.counts.loads(), 0, "no store is asked about nonsense");
}

#[tokio::test]
async fn a_body_may_be_16_kib_however_it_is_framed() {
    let world = World::new().await;
    let padded = |bytes: usize| {
        let json = json!({ "to": ADA }).to_string();
        json.clone() + &" ".repeat(bytes - json.len())
    };
    assert_eq!(say(&world, "/codes", padded(16 * 1024)).await.status, 202);
    let answer = say(&world, "/codes", padded(16 * 1024 + 1)).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (413, "too-large"));

    // In chunks, so that no length is announced.
    let chunked = |bytes: usize| {
        let head =
            "POST /otp/codes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
        let mut said = format!("{head}transfer-encoding: chunked\r\n\r\n");
        for chunk in padded(bytes).as_bytes().chunks(1000) {
            let chunk = std::str::from_utf8(chunk).unwrap();
            write!(said, "{:x}\r\n{chunk}\r\n", chunk.len()).unwrap();
        }
        said + "0\r\n\r\n"
    };
    let small = world.raw(chunked(16 * 1024).replace(ADA, "bob@example.org").as_bytes()).await;
    assert!(small.starts_with("HTTP/1.1 202 "), "{small}");
    let large = world.raw(chunked(16 * 1024 + 1).as_bytes()).await;
    assert!(large.starts_with("HTTP/1.1 413 ") && large.contains("#too-large"), "{large}");
    // A length that is only announced.
    let head = "POST /otp/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 99999999\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n\r\n";
    let announced = world.raw(format!("{head}{form}{}", "x".repeat(20_000)).as_bytes()).await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
}

#[tokio::test]
async fn headers_and_paths_that_are_wrong_are_refused_as_well() {
    let world = World::new().await;
    for path in [
        "/codes/%ff%fe",
        "/codes/%00",
        "/codes/..%2f..%2fetc",
        &format!("/codes/{CANARY}"),
        &format!("/codes/{}", "A".repeat(87)),
    ] {
        let answer = world.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (404, "gone"), "{path}");
        assert!(!answer.body.contains(CANARY));
        assert_eq!(world.delete(path).await.status, 204, "{path}");
    }
    let keyed = |keys: &[&[u8]]| {
        let request = world.request(Method::POST, "/codes").json(&json!({ "to": ADA }));
        keys.iter().fold(request, |request, key| {
            request.header("idempotency-key", reqwest::header::HeaderValue::from_bytes(key).unwrap())
        })
    };
    let long = [b'k'; 256];
    for keys in [
        &[b"".as_slice()][..],
        &[b"123456789012345"],
        &[&long],
        &[b"sixteen-bytes-\xff\xff"],
        &[b"sixteen-bytes-ok".as_slice(); 2],
    ] {
        let answer = world.send(keyed(keys)).await;
        assert_eq!(answer.text("field"), "Idempotency-Key", "{}", answer.body);
    }
    let strange =
        world.request(Method::POST, "/codes").header("accept-language", "\u{1F600};;;,,*".as_bytes());
    assert_eq!(world.send(strange.json(&json!({ "to": ADA }))).await.status, 202);
}

#[tokio::test]
async fn ten_thousand_random_bodies_never_break_it() {
    let world = World::new().await;
    let (otp_id, code) = world.code(ADA).await;
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let sound = [
        json!({ "to": ADA, "purpose": "login", "language": "fr" }).to_string(),
        json!({ "otp_id": otp_id, "code": "12345" }).to_string(),
        "grant_type=refresh_token&refresh_token=AAAA&scope=read".to_owned(),
        "token=AAAA&token_type_hint=access_token".to_owned(),
    ];
    for turn in 0..10_000 {
        let path = ["/codes", "/exchange", "/token", "/revoke", "/introspect"][dice.roll(5)];
        let content_type =
            ["application/json", "application/x-www-form-urlencoded"][usize::from(dice.roll(8) < 5)];
        let mut body = sound[dice.roll(4)].clone().into_bytes();
        for _ in 0..=dice.roll(6) {
            let at = dice.roll(body.len().max(1));
            match dice.roll(4) {
                0 => body.truncate(at),
                1 => body.insert(at.min(body.len()), dice.byte()),
                2 if at < body.len() => body[at] = dice.byte(),
                _ => body.extend(std::iter::repeat_n(dice.byte(), dice.roll(40))),
            }
        }
        let request =
            world.request(Method::POST, path).header("content-type", content_type).body(body.clone());
        let request =
            if path == "/introspect" { request.basic_auth(CALLER.0, Some(CALLER.1)) } else { request };
        let answer = world.send(request).await;
        let shown = String::from_utf8_lossy(&body).into_owned();
        let wrong = match path {
            "/revoke" | "/introspect" => answer.status.as_u16() < 500, // unknown tokens are no error
            "/codes" if answer.status == 202 => serde_json::from_slice::<Value>(&body).is_ok(),
            _ => answer.status.is_client_error(),
        };
        assert!(wrong, "turn {turn}, {path}: {} {} to {shown:?}", answer.status, answer.body);
        if answer.status == 400 {
            let json = answer.json();
            assert!(json["type"].is_string() || json["error"].is_string(), "{}", answer.body);
        }
    }
    let right = world.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await;
    assert_eq!(right.status, 200, "{}", right.body);
}

/// Numbers that look random enough, the same each time (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        let sound = b"{}[]\":,\\0123456789abcnul %&=+\x00\xff\xc3\n";
        sound[self.roll(sound.len())]
    }
}
