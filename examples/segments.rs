//! What each text would take as an SMS.
//!
//! ```text
//! echo '"Votre code reçu : 123456"' | cargo run --example segments
//! {"encoding":"UCS-2","segments":1,"units":24,"forced_by":"ç"}
//! ```
//!
//! Reads one JSON string a line, and prints one JSON object a line.

use std::io::{BufRead, BufWriter, Write, stdin, stdout};
use std::process::ExitCode;

use otp_exchange::{Encoding, Segments};
use serde::Serialize;

fn main() -> ExitCode {
    let mut output = BufWriter::new(stdout().lock());
    match tell(stdin().lock(), &mut output).and(output.flush().map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Serialize)]
struct Line {
    encoding: Encoding,
    segments: usize,
    units: usize,
    forced_by: Option<char>,
}

/// One line for each line; an empty one at the end is none. The error names the line and never quotes it: a
/// message may hold a code.
fn tell(mut input: impl BufRead, output: &mut impl Write) -> Result<(), String> {
    let mut line = Vec::new();
    for number in 1.. {
        let failed = |error: std::io::Error| format!("line {number}: {error}");
        line.clear();
        input.read_until(b'\n', &mut line).map_err(failed)?;
        if line.trim_ascii().is_empty() && input.fill_buf().map_err(failed)?.is_empty() {
            break;
        }
        let text: String = serde_json::from_slice(&line).map_err(|_| {
            format!("line {number}: not a JSON string; write one string in quotes on each line")
        })?;
        let Segments { encoding, segments, units, forced_by, .. } = Segments::of(&text);
        let told = serde_json::to_string(&Line { encoding, segments, units, forced_by });
        let told = told.map_err(|error| failed(error.into()))?;
        writeln!(output, "{}", on_one_line(told)).map_err(failed)?;
    }
    Ok(())
}

/// Some readers end a line at these too. Only the character that is named can be one of them.
fn on_one_line(json: String) -> String {
    let ends = [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    ends.into_iter().fold(json, |json, (end, escaped)| json.replace(end, escaped))
}
