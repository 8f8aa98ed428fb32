//! What a subscriber of `tracing` sees.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Mutex;

use otp_exchange::{Event, Observer, TracingObserver};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use super::scene::{Scene, flows, name};

/// One event as a subscriber saw it.
struct Line {
    level: Level,
    target: String,
    fields: BTreeMap<String, String>,
}

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (level, target) = (*event.metadata().level(), event.metadata().target().to_owned());
        let line = Line { level, target, fields: fields.0 };
        LINES.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

/// The fields of each beside its name and message.
const FIELDS: [(&str, &str); 17] = [
    ("Requested", "decoy fixed lengthened purpose recipient repeated"),
    ("RequestRefused", "purpose recipient retry_after_ms why"),
    ("HandedOver", "deliveries purpose recipient"),
    ("NotHandedOver", "purpose recipient voided"),
    ("Reported", "delivery purpose recipient"),
    ("DeliveryRefused", "retry_after_ms why"),
    ("Wrong", "attempts_left recipient"),
    ("NoneLive", ""),
    ("SubmissionRefused", "retry_after_ms why"),
    ("Verified", "purpose recipient"),
    ("Exchanged", "purpose session"),
    ("Refreshed", "session"),
    ("Reused", "session"),
    ("Revoked", "session"),
    ("SubjectRevoked", ""),
    ("Cancelled", ""),
    ("FailuresCleared", "recipient"),
];

fn is_warned_of(event: &Event) -> bool {
    let named = ["RequestRefused", "NotHandedOver", "DeliveryRefused", "SubmissionRefused", "Reused"];
    matches!(event, Event::Wrong { attempts_left: 0, .. }) || named.contains(&name(event).as_str())
}

#[test]
fn every_event_becomes_one_line_with_its_fields_and_no_whole_address() {
    tracing::subscriber::set_global_default(Lines).unwrap();
    let mut told = Vec::new();
    for (_, policy, before, run) in flows() {
        let scene = Scene::also_telling(policy(), |event| TracingObserver.observe(event));
        let given = before(&scene);
        run(&scene, &given);
        told.extend(scene.log.events());
    }
    let mut by = BTreeSet::new();
    let lines = std::mem::take(&mut *LINES.lock().unwrap());
    assert_eq!(lines.len(), told.len());
    for (line, event) in lines.into_iter().zip(told) {
        let Line { level, target, mut fields } = line;
        assert_eq!(target, "otp_exchange");
        assert_eq!(level, if is_warned_of(&event) { Level::WARN } else { Level::INFO }, "{event:?}");
        for value in fields.values() {
            assert!(!["ada@", "root@", "32412345678"].iter().any(|part| value.contains(part)), "{value}");
        }
        let name = name(&event);
        assert_eq!(fields.remove("event"), Some(name.clone()));
        assert!(fields.remove("message").is_some_and(|message| !message.is_empty()), "{name}");
        by.extend(fields.remove("by"));
        let found: Vec<_> = fields.keys().map(String::as_str).collect();
        let (_, expected) = FIELDS.iter().find(|(variant, _)| *variant == name).unwrap();
        assert_eq!(found.join(" "), *expected, "{name}");
        if let Event::RequestRefused { retry_after, why, .. } = event {
            assert_eq!(fields["retry_after_ms"], retry_after.as_millis().to_string());
            assert_eq!(fields["why"], format!("{why:?}"));
            assert_eq!(fields["recipient"], "a•••@example.org");
        }
    }
    assert_eq!(by.into_iter().collect::<Vec<_>>(), ["operator-7", "r•••@example.org"]);
}
