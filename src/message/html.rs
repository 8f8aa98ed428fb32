//! Values in HTML: escaped, and only where escaping is enough.
//!
//! Readers of mail disagree about HTML that is slightly wrong, and where they disagree a value may be read as
//! markup. So what stands around the values is held to a grammar that leaves nothing to disagree about:
//!
//! ```text
//! html      text { markup text }      text has no `<`, and values anywhere but within an `&…;`
//! markup    start | end | title | style | comment | doctype
//! start     `<` name { space attribute } [ space ] ( `>` | `/>` )      of no element in `REFUSED`
//! attribute name [ [ space ] `=` [ space ] value ]
//! value     `"` no `"` or `<` `"`  |  `'` no `'` or `<` `'`  |  a word with none of "'<>=`
//! name      a letter, then letters, digits and `-_:.`, all ASCII
//! end       `</` name [ space ] `>`
//! title     start, text, its end
//! style     start, no `</`, its end
//! comment   `<!--` what begins with no `>` or `->` and has no `--!>` `-->`
//! doctype   `<!doctype` letters, digits, spaces, pairs of `"`, `-./:` `>`
//! ```
//!
//! Of that, the tokenizer of WHATWG's HTML (13.2.5) reads the same. Values stand in a text, and a link also
//! as the whole of a quoted `href` of an `a`.

use super::error::TemplateError;
use super::place::Place;

/// A value as parts that can stand in the text of an element or in a quoted attribute.
pub(super) fn escaped(mut value: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        // What is escaped is ASCII, so bytes tell.
        if let Some(entity) = entity(*value.as_bytes().first()?) {
            value = &value[1..];
            return Some(entity);
        }
        let end = value.bytes().position(|byte| entity(byte).is_some()).unwrap_or(value.len());
        let (words, rest) = value.split_at(end);
        value = rest;
        Some(words)
    })
}

fn entity(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\'' => Some("&#39;"),
        _ => None,
    }
}

/// Refuses HTML outside the grammar, and places where an escaped value could still do something.
pub(super) fn check<'a>(pieces: impl Iterator<Item = (&'a str, Place)>) -> Result<(), TemplateError> {
    let mut html = String::new();
    for (words, place) in pieces {
        html.push_str(words);
        match place {
            Place::End => {}
            Place::Link => html.push(LINK),
            _ => html.push(VALUE),
        }
    }
    document(&html).map_err(|rest| {
        if rest.starts_with(PLACES) {
            TemplateError::WithinTag
        } else {
            let before = &html[..html.len() - rest.len()];
            TemplateError::Html { line: before.matches('\n').count() + 1 }
        }
    })
}

/// What stands for a place while HTML is checked: control characters, which no template has.
const LINK: char = '\u{1}';
const QUOTED_LINKS: [&str; 2] = ["\"\u{1}\"", "'\u{1}'"];
const VALUE: char = '\u{2}';
const PLACES: [char; 2] = [LINK, VALUE];

/// Elements that change how what follows is read: as raw text, by the rules of XML, or not at all. Scripts
/// can do even more.
const REFUSED: [&str; 13] = [
    "frameset",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "script",
    "select",
    "svg",
    "template",
    "textarea",
    "xmp",
];

/// What follows the part that was read; or as the error what follows the part that could be.
type Read<'a> = Result<&'a str, &'a str>;

fn document(html: &str) -> Result<(), &str> {
    let mut rest = text(html)?;
    while !rest.is_empty() {
        let markup = if let Some(comment) = rest.strip_prefix("<!--") {
            after_comment(comment)
        } else if let Some(doctype) = rest.strip_prefix("<!") {
            after_doctype(doctype)
        } else if let Some(end) = rest.strip_prefix("</") {
            after_end(end)
        } else {
            after_start(&rest[1..])
        };
        rest = text(markup?)?;
    }
    Ok(())
}

/// Up to a `<` or the end.
fn text(html: &str) -> Read<'_> {
    let (text, rest) = html.split_at(html.find('<').unwrap_or(html.len()));
    let mut start = 0;
    for (end, _) in text.match_indices(PLACES) {
        // A code such as `LT` would be shown as another character.
        let reference = text[start..end].rfind('&').map(|at| start + at);
        let unfinished = |letter: char| letter.is_ascii_alphanumeric() || letter == '#';
        if let Some(at) = reference.filter(|at| text[at + 1..end].chars().all(unfinished)) {
            return Err(&html[at..]);
        }
        start = end;
    }
    Ok(rest)
}

/// Browsers end a comment sooner than at its `-->` for three other things.
fn after_comment(html: &str) -> Read<'_> {
    let (words, rest) = html.split_once("-->").ok_or(html)?;
    if words.starts_with('>') || words.starts_with("->") || words.contains("--!>") {
        return Err(html);
    }
    no_place(html, words.len())?;
    Ok(rest)
}

fn after_doctype(html: &str) -> Read<'_> {
    let (words, rest) = html.split_once('>').ok_or(html)?;
    no_place(html, words.len())?;
    let plain =
        |letter: char| letter.is_ascii_alphanumeric() || is_space(letter) || "\"-./:".contains(letter);
    let named = words.get(.."doctype".len()).is_some_and(|name| name.eq_ignore_ascii_case("doctype"));
    let is_plain = words.chars().all(plain) && words.matches('"').count() % 2 == 0;
    if named && is_plain { Ok(rest) } else { Err(html) }
}

fn after_end(html: &str) -> Read<'_> {
    let (_, rest) = name(html)?;
    let rest = rest.trim_start_matches(is_space);
    rest.strip_prefix('>').ok_or(rest)
}

/// Of a title or style up to its end tag.
fn after_start(html: &str) -> Read<'_> {
    let (element, mut rest) = name(html)?;
    let mut has_target = false;
    loop {
        let next = rest.trim_start_matches(is_space);
        if let Some(content) = next.strip_prefix('>').or_else(|| next.strip_prefix("/>")) {
            return after_raw(html, element, content);
        }
        if next.len() == rest.len() {
            return Err(next); // with no space before it
        }
        let (attribute, after) = name(next)?;
        rest = after;
        // Of two that are named the same, browsers drop the second.
        let is_target = attribute.eq_ignore_ascii_case("href") && !has_target;
        has_target |= is_target;
        let Some(value) = after.trim_start_matches(is_space).strip_prefix('=') else { continue };
        let value = value.trim_start_matches(is_space);
        let end = value_length(value)?;
        rest = &value[end..];
        let may_link = is_target && element.eq_ignore_ascii_case("a");
        if !(may_link && QUOTED_LINKS.contains(&&value[..end])) {
            no_place(value, end)?;
        }
    }
}

/// How long a value is, with its quotes.
fn value_length(html: &str) -> Result<usize, &str> {
    let quote = html.chars().next().filter(|first| "\"'".contains(*first));
    let (end, odd): (_, &[char]) = match quote {
        Some(quote) => (html[1..].find(quote).map(|at| at + 2), &['<']),
        None => (html.find(|letter| is_space(letter) || letter == '>'), &['<', '"', '\'', '=', '`']),
    };
    let end = end.filter(|end| *end > 0).ok_or(html)?;
    match html[..end].find(odd) {
        Some(at) => Err(&html[at..]),
        None => Ok(end),
    }
}

/// What follows a start tag, or the text of an element whose text has no tags.
fn after_raw<'a>(tag: &'a str, element: &str, html: &'a str) -> Read<'a> {
    let element = element.to_ascii_lowercase();
    let end = match element.as_str() {
        "title" => text(html)?,
        "style" => {
            let end = html.find("</").ok_or(tag)?;
            no_place(html, end)?;
            &html[end..]
        }
        refused if REFUSED.contains(&refused) => return Err(tag),
        _ => return Ok(html),
    };
    let (closed, _) = name(end.strip_prefix("</").ok_or(end)?)?;
    if closed.eq_ignore_ascii_case(&element) { Ok(end) } else { Err(end) }
}

/// The name of an element or attribute that the HTML begins with.
fn name(html: &str) -> Result<(&str, &str), &str> {
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && !"-_:.".contains(letter);
    let (name, rest) = html.split_at(html.find(ends).unwrap_or(html.len()));
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { Ok((name, rest)) } else { Err(html) }
}

/// That none is in so many bytes.
fn no_place(html: &str, length: usize) -> Result<(), &str> {
    html[..length].find(PLACES).map_or(Ok(()), |at| Err(&html[at..]))
}

/// All the white space that a template may have.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n')
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::template::Template;
    use super::super::wording::Part;
    use super::*;

    fn read(html: &str) -> Result<(), TemplateError> {
        Template::of(Form::Of(Part::Html), html).map(|_| ())
    }

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
        for good in [
            "{{CODE}}",
            "<p>{{CODE}}</p>",
            "<style>p > b {}</style><title>{{PAYEE}}</TITLE><p>{{CODE}}",
            "<a href=\"{{LINK}}\" class='x'>{{LINK}}</a> {{CODE}}",
            "<a href='{{LINK}}'>{{PAYEE}}</a> {{CODE}}",
            "<A\n\tid=x HREF\n=\t\"{{LINK}}\" >{{CODE}}</A\n>",
            "&lt;{{RECIPIENT}}> \"{{PAYEE}}' & {{CODE}} &amp;{{APP}}&#38;",
        ] {
            assert_eq!(read(good), Ok(()), "{good}");
        }
        for bad in [
            "<{{PAYEE}}> {{CODE}}",
            "Ada <{{RECIPIENT}}>: {{CODE}}",
            "</{{PAYEE}}> {{CODE}}",
            "<!{{PAYEE}}> {{CODE}}",
            "<p {{CODE}}>",
            "<p{{CODE}}>",
            "<p title={{CODE}}>",
            "<p title=\"{{CODE}}\">",
            "<a href={{LINK}}>{{CODE}}</a>",
            "<a href=\"{{PAYEE}}\">{{CODE}}</a>",
            "<a href=\"x{{LINK}}\">{{CODE}}</a>",
            "<a href=\"{{LINK}}x\">{{CODE}}</a>",
            "<a href=\"{{LINK}}{{LINK}}\">{{CODE}}</a>",
            "<a href=\"x\" href=\"{{LINK}}\">{{CODE}}</a>",
            "<a href HREF=\"{{LINK}}\">{{CODE}}</a>",
            "<img src=\"{{LINK}}\">{{CODE}}",
            "<link rel=stylesheet href=\"{{LINK}}\">{{CODE}}",
            "<a data-href=\"{{LINK}}\">{{CODE}}</a>",
            "<a title=\"{{LINK}}\">{{CODE}}</a>",
            "<p title=\"a > b\" {{CODE}}>",
            "<p title='a > {{CODE}}'>",
            "</p {{CODE}}>",
            "<style>{{CODE}}</style>",
            "<STYLE>a > {{CODE}}</STYLE>",
            "<!-- > {{CODE}} -->",
            "<!--[if mso]>{{CODE}}<![endif]-->",
            "<!doctype {{PAYEE}}>{{CODE}}",
        ] {
            assert_eq!(read(bad), Err(TemplateError::WithinTag), "{bad}");
        }
    }

    /// As people write it, and as MJML and Foundation for Emails do.
    #[test]
    fn the_html_of_mail_is_taken() {
        for good in [
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"\n \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">",
            "<!doctype html><html lang=\"und\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">",
            "<meta name=viewport content=\"width=device-width, initial-scale=1\"/><br/><hr />",
            "<!--[if !mso]><!--><meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\"><!--<![endif]-->",
            "<!--[if !mso]><!-- --><p>x</p><!--<![endif]-->",
            "<!--[if mso | IE]><table role=\"presentation\"><tr><td style='width:600px;'><![endif]-->",
            "<!--[if gte mso 9]><noscript><xml>\n<o:AllowPNG/></xml></noscript><![endif]-->",
            "<!-------- header -------><!----><!-----><!-- <style> -->",
            "<style type=\"text/css\"><!-- p > b { color: red } @media (width <= 600px) {} --></style\n>",
            "<td  style=\"font-family:'Helvetica Neue', Arial\"\n  class=\"\"\n>1 > 0 & it's \"so\"</td >",
            "<a href=https://app.example/?>x</a><input type=checkbox checked>",
            "<img alt='a > b' src=\"https://app.example/?a=1&b=2\" height=1\n/>",
            "<v:rect fill=\"true\"><o:p></o:p></v:rect><table background=x.png></table></br></style>",
        ] {
            assert_eq!(read(&format!("{good}{{{{CODE}}}}")), Ok(()), "{good}");
            assert_eq!(read(&format!("{{{{CODE}}}}{good}")), Ok(()), "{good}");
        }
    }

    /// In most of these, browsers read the places as something other than text, or did, or readers differ.
    #[test]
    fn html_that_is_read_in_different_ways_is_refused() {
        for bad in [
            "<!--> <p title='-->' class={{PAYEE}}>",
            "<!---> <p title='-->' class={{PAYEE}}>",
            "<!-- x --!> <p title='-->' class={{PAYEE}}>",
            "<!-- x {{PAYEE}}",
            "<?don't?><p title='>' class={{PAYEE}}>",
            "<?xml version=\"1.0\"?>{{PAYEE}}",
            "<!doctype html \"> {{PAYEE}} \">",
            "<!doctype html 'x'>",
            "<!element x>",
            "<![if !mso]>{{PAYEE}}<![endif]>",
            "<![CDATA[ > ]]>",
            "<p class=don't><b title='>' class={{PAYEE}}>",
            "<p class=a\"b>",
            "<p class=a=b>",
            "<p class=`a`>",
            "<p class=>",
            "<p title=\"a\"class=\"b\">",
            "<p 'a'>",
            "<p =a>",
            "<p/a>",
            "<p / >",
            "<p a<b>",
            "<p title='a < b'>",
            "<p title=a<b>",
            "<p title=\"a>",
            "<p title",
            "<p",
            "</p",
            "</p class=a>",
            "</p/>",
            "</>",
            "</ p>",
            "1 < 2",
            "<",
            "<é>",
            "<1>",
            "<-->",
            "<p 1=a>",
            "<style>a{} </styles> b::after { content: {{PAYEE}} } </style>",
            "<style>a{}",
            "<style>a{} </style",
            "<style>a{} </style/>",
            "<title>a{{PAYEE}}",
            "<title><b></title>",
            "<title><{{PAYEE}}</title>",
            "<title></titles>{{PAYEE}}</title>",
            "<script>a </scripts> b = {{PAYEE}} </script>",
            "<script><!--<script></script>{{PAYEE}}</script>-->",
            "<svg><style><p title='</style>' class={{PAYEE}}></svg>",
            "<MATH><title>{{PAYEE}}</title></MATH>",
            "<textarea><x '</textarea><p a='>' class={{PAYEE}}>",
            "<textarea>{{PAYEE}}</textarea>",
            "<xmp>{{PAYEE}}</xmp>",
            "<iframe>{{PAYEE}}</iframe>",
            "<noembed>{{PAYEE}}</noembed>",
            "<noframes>{{PAYEE}}</noframes>",
            "<noscript><style></noscript>{{PAYEE}}",
            "<noscript>{{PAYEE}}</noscript>",
            "<plaintext>{{PAYEE}}",
            "<select><style></select>{{PAYEE}}</style>",
            "<select>{{PAYEE}}</select>",
            "<frameset>{{PAYEE}}",
            "<template>{{PAYEE}}</template>",
            "a&{{PAYEE}}",
            "{{MINUTES}}&#{{PAYEE}};",
            "<title>&am{{PAYEE}}</title>",
        ] {
            let found = read(&format!("{{{{CODE}}}}\n{bad}"));
            assert_eq!(found, Err(TemplateError::Html { line: 2 }), "{bad}");
        }
    }
}
