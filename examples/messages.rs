//! What the texts that come with the crate cost as an SMS, as the page that says so.
//!
//! ```text
//! cargo run --example messages > docs/messages.md
//! ```
//!
//! All figures come from the catalogue itself.

use std::error::Error;

use otp_exchange::{Catalogue, Field, Lint, Longest, Purpose, Recipient, RecipientError, Segments};

const BEGIN: &str = r"# Messages

What a message says comes from a `Catalogue`: by language, by purpose, by channel. It begins with texts in the languages below, so that
`Exchanger::builder(…)` needs none. This page says what each costs as an SMS, and how to write your own.

## What an SMS costs

Networks count **segments**, and bill each as a message. Which letters a text has decides how many characters go into one:

| encoding | used where | one segment | each of several |
|---|---|---|---|
| GSM-7 | every character is of the GSM 7-bit default alphabet: Latin letters, digits, some accents; `[ ] { } \| \ ^ ~ €` count twice | 160 units | 153 units |
| UCS-2 | a single one is not: `ç`, `“`, Cyrillic | 70 units | 67 units |

Source: 3GPP TS 23.038 and 23.040. `Segments::of(text)` counts them for any text, `Receipt::total_messages()` for what was just sent.

## The texts that come with the crate

For any code there is one text, for payments another, which stands wherever `amount` and `payee` are bound. **Each language in Latin
script fits into one segment of GSM-7, payments included**; the others take one segment of UCS-2, and up to two for a payment.

The table has encoding, segments and, in parentheses, units. **Usual** is a code of six digits that lives 10 minutes, **longest** one
of 20 digits that lives 10,080 minutes; both have the amount `1234567.89 EUR` and a payee of 22 letters of GSM-7. A payee with a single
letter beyond GSM-7 makes any text UCS-2. The name of the application, if one is set, comes on top with a colon and a space, and so do
the lines of `Autofill`.

";

const END: &str = r#"
## Your own texts

Write them in code with `Catalogue::builder().wording(…)`, or in a file; any format that serde reads will do. This is TOML:

```toml
application = "ACME"
most_segments = 2

[longest]
code = 6
minutes = 10
values = { payee = "ACME Payments Ltd." }

[[wording]]
locale = "nl"
sms = "{{CODE}} is uw code van {{APP}}, {{MINUTES}} min geldig."
subject = "Uw code van {{APP}}"
text = """
Uw code: {{CODE}}

Hij is {{MINUTES}} min geldig. Geef hem aan niemand.
"""

[[wording]]
locale = "nl"
purpose = "payment"
sms = "{{CODE}} om {{PAYEE}} {{AMOUNT}} te betalen. Niets betaald? Gebruik hem niet."
```

```rust
let texts: Catalogue = toml::from_str(&std::fs::read_to_string("messages.toml")?)?;
let otp = Exchanger::builder(store, notifier, keyring).catalogue(texts).build()?;
```

- A text with a mistake is refused when the catalogue is built, with its language, its purpose and its part.
- `most_segments` refuses an SMS that takes more with the `longest` values in it, and says which letters to write otherwise.
- `catalogue.lint()` lists what each SMS takes, `catalogue.preview(…)` shows any message as it is read.
- Where you have no text, the ready one of that language stands in; `ready_texts = false` leaves them out.

Which variables there are is said at `Template`, what may stand where at `Wording`, which text is chosen at `Catalogue`.

---

`cargo run --example messages > docs/messages.md` makes this page; `tests/promises/ready_texts.rs` compares the two.
"#;

/// Tags that devices send for some of the languages; which they read, the catalogue says.
const TAGS: [&str; 9] = ["in", "iw", "mo", "nn", "no", "yue", "zh-HK", "zh-MO", "zh-TW"];

fn main() -> Result<(), Box<dyn Error>> {
    let usual = Catalogue::builder().longest(Longest::default().code(6).minutes(10)).build()?.lint();
    let texts = Catalogue::default();
    let longest = texts.lint();
    let heading = [
        "locale",
        "also read by",
        "any code, usual",
        "any code, longest",
        "payment, usual",
        "payment, longest",
    ];
    let mut rows = vec![heading.map(str::to_owned)];
    for locale in usual.iter().filter(|lint| lint.shows.is_empty()).map(|lint| &lint.locale) {
        let cell = |lints: &[Lint], shows: &[Field]| {
            let found = lints.iter().find(|lint| lint.locale == *locale && lint.shows == shows);
            found.map_or_else(|| "none".to_owned(), |lint| figures(lint.segments))
        };
        let payment = [Field::Amount, Field::Payee];
        rows.push([
            locale.clone(),
            read_by(&texts, locale)?,
            cell(&usual, &[]),
            cell(&longest, &[]),
            cell(&usual, &payment),
            cell(&longest, &payment),
        ]);
    }
    print!("{BEGIN}{}{END}", table(&rows));
    Ok(())
}

fn figures(Segments { encoding, segments, units, .. }: Segments) -> String {
    format!("{encoding}: {segments} ({units})")
}

/// The other tags that read the texts in that language.
fn read_by(texts: &Catalogue, locale: &str) -> Result<String, RecipientError> {
    let phone = Recipient::parse("+32470123456")?;
    let language =
        |tag| texts.preview(&phone, &Purpose::LOGIN, Some(tag), &[]).map(|preview| preview.language);
    let tags: Vec<_> = TAGS.into_iter().filter(|tag| language(tag).as_deref() == Some(locale)).collect();
    Ok(tags.join(", "))
}

/// A table in Markdown whose first row is its heading.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = widths.map(|width| "-".repeat(width + 2)).join("|");
    let body: String = rows[1..].iter().map(line).collect();
    format!("{}|{rule}|\n{body}", line(&rows[0]))
}
