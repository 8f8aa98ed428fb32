//! What RFC 8725 warns of. Each forged token is signed with the right key, so only the rule at hand refuses
//! it.

use crate::common::{API, ISSUER, decode, drivers, encode, issue, keys, parts, recognised, sign};
use base64ct::{Base64, Encoding};
use jsonwebtoken::{Algorithm as Driver, EncodingKey};
use otp_exchange_jwt::{Algorithm, JwtIssuer, MAX_TOKEN_BYTES, aws_lc_rs};

/// An issuer that knows one key of each algorithm.
fn knows_all() -> JwtIssuer {
    let [first, rest @ ..] = keys(aws_lc_rs());
    let builder = JwtIssuer::builder(ISSUER, API, first);
    rest.into_iter().fold(builder, otp_exchange_jwt::Builder::verify_only).build().unwrap()
}

fn ids() -> [String; 4] {
    keys(aws_lc_rs()).map(|key| key.id().to_owned())
}

fn header(alg: &str, kid: &str, more: &str) -> String {
    format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"at+jwt"{more}}}"#)
}

fn payload() -> String {
    decode(parts(&issue(&knows_all(), &crate::common::claims()))[1])
}

#[test]
fn by_hand_the_same_is_accepted() {
    let issuer = knows_all();
    for ((driver, id), name) in drivers().into_iter().zip(ids()).zip(["ES256", "EdDSA", "RS256", "HS256"]) {
        let token = sign(&header(name, &id, ""), &payload(), &driver);
        assert_eq!(recognised(&issuer, &token), Some(crate::common::claims()), "{name}");
    }
}

#[test]
fn an_algorithm_other_than_the_keys_is_refused() {
    let issuer = knows_all();
    let names = ["ES256", "EdDSA", "RS256", "HS256"];
    for (driver, own) in drivers().into_iter().zip(names) {
        for (id, of) in ids().into_iter().zip(names) {
            for alg in names
                .into_iter()
                .chain(["none", "None", "NONE", "", "es256", "HS512", "PS256", "Ed25519", "ES384"])
            {
                let token = sign(&header(alg, &id, ""), &payload(), &driver);
                let accepted = recognised(&issuer, &token).is_some();
                assert_eq!(accepted, alg == own && of == own, "{alg} for a key of {of}, signed by {own}");
            }
        }
    }
}

#[test]
fn a_token_without_signature_is_refused() {
    let issuer = knows_all();
    let [id, ..] = ids();
    for alg in ["none", "ES256", "HS256"] {
        let signed = format!("{}.{}", encode(header(alg, &id, "")), encode(payload()));
        for signature in ["", ".", ".AA", "..", ".\0"] {
            assert!(recognised(&issuer, &format!("{signed}{signature}")).is_none(), "{alg} {signature:?}");
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let issuer = knows_all();
    let document: serde_json::Value = serde_json::from_str(&issuer.jwks().to_json()).unwrap();
    for (key, id) in document["keys"].as_array().unwrap().iter().zip(ids()) {
        let raw =
            |name: &str| base64ct::Base64UrlUnpadded::decode_vec(key[name].as_str().unwrap_or("")).unwrap();
        let mut secrets =
            vec![key.to_string().into_bytes(), raw("x"), raw("n"), [&[4], &*raw("x"), &raw("y")].concat()];
        // The forms in which RSA's comes in files: PKCS#1, SPKI, and both as PEM.
        if key["kty"] == "RSA" {
            let der = |tag: u8, content: &[u8]| {
                let length = u16::try_from(content.len()).unwrap().to_be_bytes();
                [&[tag, 0x82, length[0], length[1]], content].concat()
            };
            let n = der(2, &[&[0], &*raw("n")].concat());
            let pkcs1 = der(0x30, &[&n[..], b"\x02\x03\x01\x00\x01"].concat());
            let oid = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
            let spki = der(0x30, &[&oid[..], &der(3, &[&[0], &*pkcs1].concat())].concat());
            for (label, der) in [("RSA PUBLIC KEY", &pkcs1), ("PUBLIC KEY", &spki)] {
                let base64 = Base64::encode_string(der);
                let lines: Vec<_> =
                    base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
                let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", lines.join("\n"));
                secrets.extend([pem.clone().into_bytes(), format!("{pem}\n").into_bytes()]);
            }
            secrets.extend([pkcs1, spki]);
        }
        for secret in secrets {
            let token = sign(
                &header("HS256", &id, ""),
                &payload(),
                &(Driver::HS256, EncodingKey::from_secret(&secret)),
            );
            assert!(recognised(&issuer, &token).is_none());
        }
    }
}

#[test]
fn a_key_that_is_not_known_or_not_named_is_refused() {
    let issuer = knows_all();
    let [es256, ..] = drivers();
    let [id, other, ..] = ids();
    let quoted = |kid: &str| format!(r#"{{"alg":"ES256",{kid}"typ":"at+jwt"}}"#);
    assert!(recognised(&issuer, &sign(&quoted(&format!(r#""kid":"{id}","#)), &payload(), &es256)).is_some());
    let kids = [
        String::new(),
        r#""kid":"","#.to_owned(),
        r#""kid":null,"#.to_owned(),
        r#""kid":1,"#.to_owned(),
        format!(r#""kid":["{id}"],"#),
        format!(r#""kid":"{other}","#),
        format!(r#""kid":" {id}","#),
        format!(r#""kid":"{}","#, id.to_lowercase()),
        r#""kid":"../../etc/passwd","#.to_owned(),
        r#""kid":"' OR 1=1 --","#.to_owned(),
    ];
    for kid in kids {
        assert!(recognised(&issuer, &sign(&quoted(&kid), &payload(), &es256)).is_none(), "{kid}");
    }
}

#[test]
fn a_token_of_another_type_is_refused() {
    let issuer = knows_all();
    let ([es256, ..], [id, ..]) = (drivers(), ids());
    let typed = |typ: &str| {
        let header = format!(r#"{{"alg":"ES256","kid":"{id}"{typ}}}"#);
        recognised(&issuer, &sign(&header, &payload(), &es256)).is_some()
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert!(typed(&format!(r#","typ":"{typ}""#)), "{typ}");
    }
    for typ in [
        "JWT",
        "jwt",
        "",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "id_token",
        "at+jwt ",
        "text/at+jwt",
        "at+jwt;a=b",
    ] {
        assert!(!typed(&format!(r#","typ":"{typ}""#)), "{typ}");
    }
    assert!(!typed("") && !typed(r#","typ":null"#) && !typed(r#","typ":["at+jwt"]"#));
}

#[test]
fn a_header_that_changes_the_rules_is_refused() {
    let issuer = knows_all();
    let ([es256, ..], [id, ..]) = (drivers(), ids());
    for more in [
        r#","crit":["exp"]"#,
        r#","crit":[]"#,
        r#","b64":false,"crit":["b64"]"#,
        r#","b64":true"#,
        r#","jku":"https://evil.example/jwks.json""#,
        r#","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
        r#","x5u":"https://evil.example/cert.pem""#,
        r#","x5c":["AA"]"#,
        r#","zip":"DEF""#,
        r#","enc":"A128GCM""#,
        r#","alg":"ES256""#,
        r#","alg":"none""#,
        r#","\u0061lg":"none""#,
        r#","kid":"another""#,
        r#","typ":"at+jwt""#,
    ] {
        assert!(
            recognised(&issuer, &sign(&header("ES256", &id, more), &payload(), &es256)).is_none(),
            "{more}"
        );
    }
    for whole in ["", "null", "[]", "{}", "\"at+jwt\""] {
        assert!(recognised(&issuer, &sign(whole, &payload(), &es256)).is_none(), "{whole}");
    }
    let twice = header("ES256", &id, "") + &header("ES256", &id, "");
    assert!(recognised(&issuer, &sign(&twice, &payload(), &es256)).is_none());
}

/// The payload with one member set, to a text that need not be JSON, or taken out.
fn with(name: &str, value: Option<&str>) -> String {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&payload()).unwrap();
    let kept =
        members.iter().filter(|(key, _)| *key != name).map(|(key, value)| format!(r#""{key}":{value}"#));
    let set = value.map(|value| format!(r#""{name}":{value}"#));
    format!("{{{}}}", kept.chain(set).collect::<Vec<_>>().join(","))
}

#[test]
fn a_claim_that_is_missing_or_wrong_refuses_the_token() {
    let issuer = knows_all();
    let ([es256, ..], [id, ..]) = (drivers(), ids());
    let accepted =
        |payload: &str| recognised(&issuer, &sign(&header("ES256", &id, ""), payload, &es256)).is_some();
    let names = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "client_id",
        "sid",
        "purpose",
        "metadata",
        "exp_ms",
        "iat_ms",
    ];
    for name in names {
        for value in [None, Some("null"), Some("[]"), Some("true"), Some("1.5"), Some("-1.0")] {
            assert!(!accepted(&with(name, value)), "{name}: {value:?}");
        }
    }
    for (name, value) in [
        ("iss", r#""https://id.example/""#),
        ("iss", r#""https://ID.example""#),
        ("iss", r#"["https://id.example"]"#),
        ("aud", r#""https://api.example.evil""#),
        ("aud", r#""""#),
        ("aud", r#"["https://api.example"]"#),
        ("aud", r#"["https://api.example","https://other.example"]"#),
        ("sub", r#""""#),
        ("jti", r#""""#),
        ("client_id", r#""""#),
        ("exp", r#""1700000600""#),
        ("exp", "9223372036854775807"),
        ("exp", "9223372036854775808"),
        ("exp", "1e400"),
        ("iat", "-9223372036854775808"),
        ("exp_ms", "1000"),
        ("iat_ms", "-1"),
        ("sid", r#""AAECAwQFBgcICQoLDA0OD""#),
        ("sid", r#""AAECAwQFBgcICQoLDA0ODx""#),
        ("purpose", r#""two words""#),
        ("purpose", r#""""#),
        ("scope", r#""""#),
        ("scope", r#""a  b""#),
        ("scope", r#"" a""#),
        ("scope", r#"["a"]"#),
        ("metadata", r#"{"app":1}"#),
        ("nbf", "1700000001"),
        ("nbf", r#""soon""#),
        ("sub", "ada"),
        ("sub", ""),
    ] {
        assert!(!accepted(&with(name, Some(value))), "{name}: {value}");
    }
    // What is not known is passed over; a token need have no scope.
    let all = payload();
    assert!(accepted(&with("amr", Some(r#"["otp"]"#))) && accepted(&with("scope", None)) && accepted(&all));
    assert!(accepted(&with("nbf", Some("1700000000"))));
}

#[test]
fn a_claim_that_is_there_twice_refuses_the_token() {
    let issuer = knows_all();
    let ([es256, ..], [id, ..]) = (drivers(), ids());
    let accepted =
        |payload: &str| recognised(&issuer, &sign(&header("ES256", &id, ""), payload, &es256)).is_some();
    let inside = payload();
    let inside = inside.strip_suffix('}').unwrap();
    assert!(accepted(&format!("{inside}}}")) && accepted(&format!(r#"{inside},"amr":1}}"#)));
    for more in [
        r#""sub":"ada@example.org""#,
        r#""sub":"eve@example.org""#,
        r#""\u0073ub":"eve@example.org""#,
        r#""scope":"admin""#,
        r#""amr":1,"amr":1"#,
        r#""metadata":{}"#,
    ] {
        assert!(!accepted(&format!("{inside},{more}}}")), "{more}");
    }
    let doubled = payload().replace(r#""app":"shop""#, r#""app":"shop","app":"bank""#);
    assert!(doubled != payload() && !accepted(&doubled));
    for payload in
        [format!("{inside}}}}}"), format!("{inside}}}{{}}"), format!("{inside}}}\0"), inside.to_owned()]
    {
        assert!(!accepted(&payload), "{payload}");
    }
    // However deep, what is passed over is passed over without filling the stack.
    let deep = format!(r#"{inside},"deep":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
    assert!(accepted(&deep) && !accepted(&deep.replace("]]", "]}")));
}

#[test]
fn a_token_has_one_text() {
    let issuer = knows_all();
    let token = issue(&issuer, &crate::common::claims());
    let [head, body, signature] = parts(&token);
    assert!(recognised(&issuer, &token).is_some());
    for other in [
        format!("{token}="),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}.{signature}"),
        format!("{head}={}.{body}.{signature}", ""),
        format!("{head}.{body}=.{signature}"),
        format!("{head}..{body}.{signature}"),
        format!("{head}.{body}"),
        format!("Bearer {token}"),
        token.replace(['-', '_'], "+"),
    ] {
        assert!(other == token || recognised(&issuer, &other).is_none(), "{other}");
    }
}

#[test]
fn what_is_too_long_is_not_looked_at() {
    let issuer = knows_all();
    let ([es256, ..], [id, ..]) = (drivers(), ids());
    // JSON may have white space after it, which makes a genuine token of any length.
    let padded = |spaces| sign(&header("ES256", &id, ""), &(payload() + &" ".repeat(spaces)), &es256);
    let room = (MAX_TOKEN_BYTES - padded(0).len()) / 4 * 3;
    let (most, more) = (padded(room), padded(room + 3));
    assert!(most.len() <= MAX_TOKEN_BYTES && recognised(&issuer, &most).is_some());
    assert!(more.len() > MAX_TOKEN_BYTES && recognised(&issuer, &more).is_none());
}

#[test]
fn each_key_is_for_its_own_algorithm() {
    assert_eq!(
        keys(aws_lc_rs()).map(|key| key.algorithm()),
        [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Hs256]
    );
}
