//! The texts that come with the crate, put together as wordings.

#[cfg(test)]
mod tests;
mod texts;

use super::html::escaped;
use super::wording::Wording;

pub(super) use texts::READY;

/// What one language says.
pub(super) struct Ready {
    /// BCP 47 tag as in the IANA registry: `en`, `pt-BR`, `zh-Hant`.
    pub(super) locale: &'static str,
    /// Other tags that read this text, where cutting off subtags (RFC 4647, 3.4) would not lead here: `no`
    /// for `nb`, `zh-TW` for `zh-Hant`, and codes that were withdrawn but are still sent, such as `iw`
    /// for `he`.
    pub(super) aliases: &'static [&'static str],
    /// Whether its script runs from right to left.
    pub(super) right_to_left: bool,
    /// For a code of any purpose.
    pub(super) any: Words,
    /// For a payment: amount and payee are bound to the code.
    pub(super) payment: Words,
}

/// The parts of a message, one line each. `{{MINUTES}}` is how long the code lives; `{{AMOUNT}}` and
/// `{{PAYEE}}` are in the texts for a payment alone.
pub(super) struct Words {
    /// The whole text of an SMS, with `{{CODE}}` and `{{MINUTES}}`; it reads well after `Name: `. For a
    /// payment with `{{AMOUNT}}` and `{{PAYEE}}`.
    pub(super) sms: &'static str,
    /// The subject of an email, which never has the code: mailboxes show subjects to bystanders. It reads
    /// well after `Name: `.
    pub(super) subject: &'static str,
    /// In an email, before the code, which stands on a line of its own. For a payment with `{{AMOUNT}}` and
    /// `{{PAYEE}}`.
    pub(super) intro: &'static str,
    /// In an email, after the code, with `{{MINUTES}}`: how long it lives, that nobody else may have it,
    /// what to do if it came unasked.
    pub(super) outro: &'static str,
}

impl Ready {
    /// As wordings, with the application's name where it has one, and a link where there is a page for
    /// it.
    pub(super) fn wordings(&self, named: bool, page: Option<&str>) -> [Wording; 2] {
        [&self.any, &self.payment].map(|words| self.wording(words, named, page))
    }

    fn wording(&self, words: &Words, named: bool, page: Option<&str>) -> Wording {
        let Words { sms, subject, intro, outro } = words;
        let by = if named { "{{APP}}: " } else { "" };
        let (link, signature) =
            (if page.is_some() { "\n\n{{LINK}}" } else { "" }, if named { "\n\n{{APP}}" } else { "" });
        Wording::new(self.locale)
            .sms(format!("{by}{sms}"))
            .email(format!("{by}{subject}"), format!("{intro}\n\n{{{{CODE}}}}{link}\n\n{outro}{signature}\n"))
            .html(self.html(words, named, page))
    }

    /// A document for any mail reader: no style sheet, no image, nothing to load.
    fn html(&self, words: &Words, named: bool, page: Option<&str>) -> String {
        let [subject, intro, outro] =
            [words.subject, words.intro, words.outro].map(|words| escaped(words).collect::<String>());
        let (language, direction) = (self.locale, if self.right_to_left { "rtl" } else { "ltr" });
        let head = if named { "<p><strong>{{APP}}</strong></p>\n" } else { "" };
        let page = page.map(|page| escaped(page).collect::<String>());
        let link =
            page.map(|page| format!("<p><a href=\"{{{{LINK}}}}\">{page}</a></p>\n")).unwrap_or_default();
        let style = "max-width:32em;margin:0 auto;padding:1em;font:16px/1.5 sans-serif";
        let large = "font:bold 32px/1.5 monospace;letter-spacing:4px";
        format!(
            "<!doctype html>\n<html lang=\"{language}\" dir=\"{direction}\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
             <body style=\"{style}\">\n{head}<p>{intro}</p>\n<p dir=\"ltr\" style=\"{large}\">{{{{CODE}}}}</p>\n\
             {link}<p>{outro}</p>\n</body>\n</html>\n"
        )
    }
}
