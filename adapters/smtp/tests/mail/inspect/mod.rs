//! What a message that somebody received is held against, read by a parser that did not write it.

use std::collections::BTreeMap;

use mail_parser::{MessageParser, MimeHeaders, PartType};

/// What it has to be, and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) text: &'a str,
    pub(crate) html: Option<&'a str>,
    pub(crate) language: Option<&'a str>,
}

/// What is wrong with a message.
pub(crate) fn inspect(raw: &[u8], expected: &Expected<'_>) -> Result<(), String> {
    let raw_text = std::str::from_utf8(raw).map_err(|_| "not even UTF-8")?;
    if let Some(line) =
        raw_text.split("\r\n").find(|line| line.len() > 998 || line.contains(['\r', '\n', '\0']))
    {
        return Err(format!("a line with a bare line end or of {} octets", line.len()));
    }
    headers(raw_text, expected)?;
    let message = MessageParser::default().parse(raw).ok_or("it cannot be parsed")?;

    let from: Vec<_> = message.from().into_iter().flat_map(mail_parser::Address::iter).collect();
    let [from] = &from[..] else { return Err(format!("{} senders", from.len())) };
    same("sender", from.address(), Some(expected.from))?;
    same("sender's name", from.name(), expected.name)?;
    let to: Vec<_> = message.to().into_iter().flat_map(mail_parser::Address::iter).collect();
    let [to] = &to[..] else { return Err(format!("{} recipients", to.len())) };
    // A local part in quotes is the same without (RFC 5321 section 4.1.2).
    let unquoted = to.address().map(|to| to.replace('"', ""));
    same("recipient", unquoted.as_deref(), Some(expected.to))?;
    same("recipient's name", to.name(), None)?;
    same("subject", message.subject(), expected.subject)?;

    let parts: Vec<_> = message.parts.iter().map(|part| (part, part.content_type())).collect();
    if parts.iter().any(|(part, _)| part.is_encoding_problem) {
        return Err("a defect in the encoding".to_owned());
    }
    let kinds: Vec<_> = parts
        .iter()
        .map(|(_, kind)| kind.map(|kind| (kind.ctype(), kind.subtype().unwrap_or_default())))
        .collect();
    let kinds_expected = match expected.html {
        None => vec![Some(("text", "plain"))],
        Some(_) => vec![Some(("multipart", "alternative")), Some(("text", "plain")), Some(("text", "html"))],
    };
    if kinds != kinds_expected {
        return Err(format!("parts {kinds:?}"));
    }
    for (part, kind) in parts {
        match (&part.body, kind.and_then(|kind| kind.attribute("charset"))) {
            (PartType::Text(text), Some(charset)) if charset.eq_ignore_ascii_case("utf-8") => {
                let text = text.replace("\r\n", "\n");
                // A message ends with a line end of its own, a part of several does not.
                let text =
                    if expected.html.is_none() { text.strip_suffix('\n').unwrap_or(&text) } else { &text };
                same("text", Some(text), Some(expected.text))?;
            }
            (PartType::Html(html), Some(charset)) if charset.eq_ignore_ascii_case("utf-8") => {
                same("HTML", Some(&html.replace("\r\n", "\n")), expected.html)?;
            }
            (PartType::Multipart(_), None) => {}
            (other, charset) => return Err(format!("a part {other:?} in {charset:?}")),
        }
    }
    Ok(())
}

/// Each header once, and no other.
fn headers(raw: &str, expected: &Expected<'_>) -> Result<(), String> {
    let (head, _) = raw.split_once("\r\n\r\n").ok_or("no end of the header")?;
    let mut wanted = BTreeMap::from([
        ("From", 1),
        ("To", 1),
        ("Date", 1),
        ("Message-ID", 1),
        ("Auto-Submitted", 1),
        ("X-Auto-Response-Suppress", 1),
        ("MIME-Version", 1),
        ("Content-Type", 1),
    ]);
    wanted.extend(expected.subject.map(|_| ("Subject", 1)));
    wanted.extend(expected.language.map(|_| ("Content-Language", 1)));
    if expected.html.is_none() {
        wanted.insert("Content-Transfer-Encoding", 1);
    }
    let mut found = BTreeMap::new();
    for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
        let (name, _) = line.split_once(':').ok_or("a line that is no header")?;
        *found.entry(name).or_insert(0) += 1;
    }
    if found != wanted {
        return Err(format!("headers {found:?}"));
    }
    let language = head.split("\r\n").find_map(|line| line.strip_prefix("Content-Language: "));
    same("language", language, expected.language)
}

fn same(what: &str, found: Option<&str>, expected: Option<&str>) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}
