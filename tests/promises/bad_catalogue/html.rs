//! A reader of HTML, written from WHATWG's section on tokenization and knowing nothing of the crate's.

/// The tags of a document, each with the names of its attributes: what of it is not words.
pub(crate) fn tags(html: &str) -> Vec<String> {
    let html = html.to_ascii_lowercase();
    let (mut rest, mut found) = (html.as_str(), Vec::new());
    while let Some((_, after)) = rest.split_once('<') {
        let closing = after.strip_prefix('/').unwrap_or(after);
        rest = if let Some(comment) = after.strip_prefix("!--") {
            found.push("<!-- -->".to_owned());
            after_comment(comment)
        } else if closing.starts_with(|first: char| first.is_ascii_alphabetic()) {
            match tag(after) {
                Some((tag, after)) => {
                    let name = tag.split(' ').next().unwrap_or_default().to_owned();
                    found.push(tag);
                    if ["style", "script", "title", "textarea"].contains(&&*name) {
                        after_raw(&name, after)
                    } else {
                        after
                    }
                }
                None => "", // cut off: it is no tag
            }
        } else if after.starts_with(['!', '?', '/']) {
            found.push("<!>".to_owned());
            after.split_once('>').map_or("", |(_, rest)| rest)
        } else {
            after
        };
    }
    found
}

fn after_comment(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('>').or_else(|| text.strip_prefix("->")) {
        return rest;
    }
    let ends = ["-->", "--!>"].into_iter().filter_map(|end| text.find(end).map(|at| (at, end)));
    ends.min().map_or("", |(at, end)| &text[at + end.len()..])
}

/// From the end tag on.
fn after_raw<'a>(name: &str, text: &'a str) -> &'a str {
    let end = format!("</{name}");
    let ends = |at: &usize| text[at + end.len()..].starts_with([' ', '\t', '\n', '/', '>']);
    text.match_indices(&end).map(|(at, _)| at).find(ends).map_or("", |at| &text[at..])
}

/// The tag whose name the text begins with, and what comes behind it.
fn tag(text: &str) -> Option<(String, &str)> {
    let ends = |letter: char| letter.is_ascii_whitespace() || letter == '>';
    let name = text[1..].find(|letter| ends(letter) || letter == '/')? + 1;
    let (mut tag, mut rest) = (text[..name].to_owned(), &text[name..]);
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '/');
        if let Some(rest) = rest.strip_prefix('>') {
            return Some((tag, rest));
        }
        let first = rest.chars().next()?.len_utf8();
        let name = rest[first..].find(|letter| ends(letter) || "/=".contains(letter))? + first;
        tag.extend([" ", &rest[..name]]);
        rest = rest[name..].trim_start_matches(|letter: char| letter.is_ascii_whitespace());
        let Some(value) = rest.strip_prefix('=') else { continue };
        let value = value.trim_start_matches(|letter: char| letter.is_ascii_whitespace());
        rest = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split_once(quote)?.1,
            '>' => value,
            _ => &value[value.find(ends)?..],
        };
    }
}

#[test]
fn tags_are_told_from_words() {
    let read = |html: &str| tags(html).join("|");
    assert_eq!(read("1 < 2 <b>&lt;p></b >"), "b|/b");
    assert_eq!(read("<A Href=\"<p>\" b=c'd e>x"), "a href b e");
    assert_eq!(read("<!-- <p> --><!doctype html><br/><p a='>' b>"), "<!-- -->|<!>|br|p a b");
    assert_eq!(read("<style>p > <b></b></styles></style ><i>"), "style|/style|i");
    assert_eq!(read("<p title='<b>"), "");
}
