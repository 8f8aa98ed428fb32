//! Values in HTML: escaped, and only where escaping is enough.

use super::template::{Place, TemplateError};

/// A value as parts that can stand in the text of an element or in a quoted attribute.
pub(super) fn escaped(value: &str) -> impl Iterator<Item = &str> {
    value.split_inclusive(special).flat_map(|part| {
        let last = part.chars().next_back().filter(|last| special(*last));
        let words = &part[..part.len() - last.map_or(0, char::len_utf8)];
        [words, last.map_or("", entity)]
    })
}

fn special(character: char) -> bool {
    !entity(character).is_empty()
}

fn entity(character: char) -> &'static str {
    match character {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&#39;",
        _ => "",
    }
}

/// Refuses places where an escaped value could still do something: within a tag, a comment, a style or a
/// script. A link may be the whole of a quoted `href`.
pub(super) fn check<'a>(pieces: impl Iterator<Item = (&'a str, Place)>) -> Result<(), TemplateError> {
    let mut within = Within::Text;
    let mut closes = None;
    for (words, place) in pieces {
        if closes.take().is_some_and(|quote| !words.starts_with(quote)) {
            return Err(TemplateError::WithinTag);
        }
        within = within.after(words);
        closes = match within {
            _ if place == Place::End => None,
            // What follows would be the name of a tag, and no letter of it needs to be escaped.
            Within::Text if words.ends_with('<') => return Err(TemplateError::WithinTag),
            Within::Text => None,
            Within::Quotes(quote, _) if place == Place::Link && opens_target(words, quote) => Some(quote),
            _ => return Err(TemplateError::WithinTag),
        };
    }
    Ok(())
}

fn opens_target(words: &str, quote: char) -> bool {
    let tag = words.strip_suffix(quote).map(str::to_ascii_lowercase);
    let before = tag.as_deref().and_then(|tag| tag.strip_suffix("href="));
    before.is_some_and(|before| before.ends_with(|last: char| last.is_ascii_whitespace()))
}

/// Where in a document one is, as far as it matters here.
#[derive(Clone, Copy)]
enum Within {
    Text,
    /// Of one whose content is no text, what ends that.
    Tag(Option<&'static str>),
    Quotes(char, Option<&'static str>),
    /// A comment, style or script, and what ends it.
    Raw(&'static str),
}

impl Within {
    /// Where one is after those words.
    fn after(mut self, words: &str) -> Self {
        let words = words.to_ascii_lowercase();
        let mut rest = words.as_str();
        loop {
            let (next, skip) = match self {
                Self::Text => match rest.find('<') {
                    Some(at) => Self::begin(&rest[at..], at),
                    None => return self,
                },
                Self::Tag(raw) => match rest.find(['"', '\'', '>']) {
                    Some(at) if rest[at..].starts_with('>') => (raw.map_or(Self::Text, Self::Raw), at + 1),
                    Some(at) => {
                        (Self::Quotes(if rest[at..].starts_with('"') { '"' } else { '\'' }, raw), at + 1)
                    }
                    None => return self,
                },
                Self::Quotes(quote, raw) => match rest.find(quote) {
                    Some(at) => (Self::Tag(raw), at + 1),
                    None => return self,
                },
                Self::Raw(end) => match rest.find(end) {
                    Some(at) if end == "-->" => (Self::Text, at + end.len()),
                    // `</styles` ends no style.
                    Some(at)
                        if rest[at + end.len()..].starts_with(|next: char| next.is_ascii_alphanumeric()) =>
                    {
                        (self, at + end.len())
                    }
                    Some(at) => (Self::Tag(None), at + end.len()),
                    None => return self,
                },
            };
            self = next;
            rest = &rest[skip..];
        }
    }

    /// What a `<` begins, and how far on that is from where one looked for it.
    fn begin(text: &str, at: usize) -> (Self, usize) {
        if text.starts_with("<!--") {
            return (Self::Raw("-->"), at + 4);
        }
        let raw = [("<style", "</style"), ("<script", "</script")];
        let raw = raw.into_iter().find(|(begin, _)| text.starts_with(begin)).map(|(_, end)| end);
        let is_tag = text[1..].starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next));
        (if is_tag { Self::Tag(raw) } else { Self::Text }, at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::template::Template;
    use super::*;

    #[test]
    fn what_is_escaped_says_the_same_and_opens_nothing() {
        let html = |value| escaped(value).collect::<String>();
        assert_eq!(html("<b>&\"'</b>"), "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
        assert_eq!(html("&amp;"), "&amp;amp;");
        for plain in ["", "ACME", "é {{CODE}} €", "a=b;c#d"] {
            assert_eq!(html(plain), plain);
        }
    }

    #[test]
    fn a_variable_stands_between_tags_and_a_link_in_a_quoted_href() {
        let read = |html: &str| Template::of(Form::Html, html).map(|_| ());
        for good in [
            "{{CODE}}",
            "<p>{{CODE}}</p>",
            "<style>p > b {}</style><title>{{PAYEE}}</title><p>{{CODE}}",
            "<!-- < --><a href=\"{{LINK}}\" class='x'>{{LINK}}</a> {{CODE}}",
            "<a href='{{LINK}}'>{{PAYEE}}</a> {{CODE}}",
            "<a\n\thref=\"{{LINK}}\">{{CODE}}</a>",
            "1 < 2 > 0: {{CODE}}",
            "< {{PAYEE}}> &lt;{{RECIPIENT}}> {{CODE}} <",
            "<p title=\"a > b\">{{CODE}}</p>",
            "<script>'</p>' < 1</script>{{CODE}}",
            "<style></styles></style >{{CODE}}",
        ] {
            assert_eq!(read(good), Ok(()), "{good}");
        }
        for bad in [
            "<{{PAYEE}}> {{CODE}}",
            "Ada <{{RECIPIENT}}>: {{CODE}}",
            "<p {{CODE}}>",
            "<p title=\"{{CODE}}\">",
            "<a href={{LINK}}>{{CODE}}</a>",
            "<a href=\"{{PAYEE}}\">{{CODE}}</a>",
            "<a href=\"x{{LINK}}\">{{CODE}}</a>",
            "<a href=\"{{LINK}}x\">{{CODE}}</a>",
            "<a href=\"{{LINK}}'>{{CODE}}</a>",
            "<img src=\"{{LINK}}\">{{CODE}}",
            "<a data-href=\"{{LINK}}\">{{CODE}}</a>",
            "<a title=\"{{LINK}}\">{{CODE}}</a>",
            "<p title=\"a > b\" {{CODE}}>",
            "<p title='a > {{CODE}}'>",
            "<style>{{CODE}}</style>",
            "<STYLE>a > {{CODE}}</STYLE>",
            "<style></styles>{{CODE}}</style>",
            "<script>x > '{{CODE}}'</script>",
            "<!-- > {{CODE}} -->",
        ] {
            assert_eq!(read(bad), Err(TemplateError::WithinTag), "{bad}");
        }
    }
}
