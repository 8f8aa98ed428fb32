//! The names of the tables, and every statement about them.

use crate::Error;

/// The table of entries where no other is named.
const DEFAULT_TABLE: &str = "otp_entries";

/// What the table of migrations is called beyond the table of entries.
const MIGRATIONS_SUFFIX: &str = "_migrations";

/// How long a name may be in PostgreSQL, in bytes; a longer one is cut short without an error.
const MAX_IDENTIFIER: usize = 63;

/// How many entries one statement of a purge deletes.
pub(crate) const BATCH: u64 = 5000;

/// The statements, with the names of the tables in place.
#[derive(Debug)]
pub(crate) struct Sql {
    /// The table of entries, quoted.
    pub(crate) entries: String,
    /// The table that says which migrations were applied, quoted.
    pub(crate) migrations: String,
    pub(crate) load: String,
    pub(crate) create: String,
    pub(crate) replace: String,
    pub(crate) purge: String,
}

impl Sql {
    /// For `table` or `schema.table`.
    pub(crate) fn new(table: &str) -> Result<Self, Error> {
        let (schema, name) = match table.split_once('.') {
            Some((schema, name)) => (Some(schema), name),
            None => (None, table),
        };
        let fits = |part: &str, most| is_identifier(part) && part.len() <= most;
        if !fits(name, MAX_IDENTIFIER - MIGRATIONS_SUFFIX.len())
            || schema.is_some_and(|schema| !fits(schema, MAX_IDENTIFIER))
        {
            return Err(Error::Identifier);
        }
        Ok(Self::of(schema, name))
    }

    fn of(schema: Option<&str>, name: &str) -> Self {
        let schema = schema.map(|schema| format!("\"{schema}\".")).unwrap_or_default();
        let entries = format!("{schema}\"{name}\"");
        let migrations = format!("{schema}\"{name}{MIGRATIONS_SUFFIX}\"");
        Self {
            load: format!("SELECT value FROM {entries} WHERE name = $1"),
            // Never an upsert: that brings back what was deleted, and overwrites what somebody else wrote.
            create: format!(
                "INSERT INTO {entries} (name, value, forget_after) VALUES ($1, $2, $3) \
                 ON CONFLICT (name) DO NOTHING"
            ),
            // Where another transaction got hold of the row first, PostgreSQL waits for its end and then
            // compares again, with the row as that left it. `substring` counts from 1.
            replace: format!(
                "UPDATE {entries} SET value = $2, forget_after = $3 \
                 WHERE name = $1 AND substring(value from 6 for 12) = $4"
            ),
            // A row that somebody else holds is left for the next purge; one that is chosen is locked, so
            // that nobody extends it. An array, so that the inner query runs once whatever the
            // plan.
            purge: format!(
                "DELETE FROM {entries} WHERE name = ANY (ARRAY( \
                 SELECT name FROM {entries} WHERE forget_after < $1 LIMIT {BATCH} FOR UPDATE SKIP LOCKED))"
            ),
            entries,
            migrations,
        }
    }
}

impl Default for Sql {
    fn default() -> Self {
        Self::of(None, DEFAULT_TABLE)
    }
}

/// Letters, digits and underscores of ASCII, with no digit in front. Nothing that would end a quoted name.
fn is_identifier(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && part.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(Sql::default().entries, r#""otp_entries""#);
        let sql = Sql::new("Auth.codes").unwrap();
        assert_eq!(sql.entries, r#""Auth"."codes""#);
        assert_eq!(sql.migrations, r#""Auth"."codes_migrations""#);
        assert!(sql.load.contains(r#"FROM "Auth"."codes" WHERE"#));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let fits = "t".repeat(52);
        assert!(Sql::new(&fits).is_ok());
        for name in [
            "",
            ".",
            "a.",
            ".b",
            "a.b.c",
            "1st",
            "naïve",
            "two words",
            "x\"; DROP TABLE users; --",
            "x';--",
            "x\0",
            &format!("{fits}t"),
            &format!("{}.t", "s".repeat(64)),
        ] {
            assert!(matches!(Sql::new(name), Err(Error::Identifier)), "{name:?}");
        }
    }
}
