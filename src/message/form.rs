//! The forms a template comes in, and what each may hold.

use super::template::MAX_TEMPLATE_BYTES;

/// What kind of text a template is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Of a request: one line, short, for it is stored with the code.
    Request,
    Sms,
    Subject,
    Text,
    Html,
}

impl Form {
    pub(super) fn most_bytes(self) -> usize {
        match self {
            Self::Request | Self::Subject => MAX_TEMPLATE_BYTES,
            Self::Sms => 2_000,
            Self::Text => 16 * 1024,
            Self::Html => 64 * 1024,
        }
    }

    /// Whether that control character may stand in it: line breaks, and the tabs that lines are indented by.
    pub(super) fn lays_out(self, character: char) -> bool {
        match character {
            '\n' => matches!(self, Self::Sms | Self::Text | Self::Html),
            '\t' => matches!(self, Self::Text | Self::Html),
            _ => false,
        }
    }

    /// Whether it may go out as an SMS.
    pub(super) fn is_sms(self) -> bool {
        matches!(self, Self::Request | Self::Sms)
    }

    pub(super) fn needs_code(self) -> bool {
        self != Self::Subject
    }
}
