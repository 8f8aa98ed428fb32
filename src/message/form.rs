//! The forms a template comes in, and what each may hold.

use super::template::MAX_TEMPLATE_BYTES;
use super::wording::Part;

/// What kind of text a template is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Of a request: one line, short, for it is stored with the code.
    Request,
    Of(Part),
}

impl Form {
    pub(super) fn most_bytes(self) -> usize {
        match self {
            Self::Request | Self::Of(Part::Subject) => MAX_TEMPLATE_BYTES,
            Self::Of(Part::Sms) => 2_000,
            Self::Of(Part::Text) => 16 * 1024,
            Self::Of(Part::Html) => 64 * 1024,
        }
    }

    /// Whether that control character may stand in it: line breaks, and the tabs that lines are indented by.
    pub(super) fn lays_out(self, character: char) -> bool {
        match character {
            '\n' => matches!(self, Self::Of(Part::Sms | Part::Text | Part::Html)),
            '\t' => matches!(self, Self::Of(Part::Text | Part::Html)),
            _ => false,
        }
    }

    /// Whether it may go out as an SMS.
    pub(super) fn is_sms(self) -> bool {
        matches!(self, Self::Request | Self::Of(Part::Sms))
    }

    pub(super) fn needs_code(self) -> bool {
        self != Self::Of(Part::Subject)
    }
}
