//! Making the tables, and knowing their version.

use deadpool_postgres::Object;
use tokio_postgres::types::Type;
use tokio_postgres::{IsolationLevel, Transaction};

use crate::Error;
use crate::sql::Sql;

/// The files, in their order; each one ends by writing its number, counted from 1, into the migrations.
const FILES: [&str; 1] = [include_str!("../migrations/0001_entries.sql")];

/// The newest version this crate knows.
const NEWEST: i32 = 1;

/// Which version the tables are; one row if the table of migrations is there.
pub(crate) fn version_query(sql: &Sql) -> String {
    format!("SELECT coalesce(max(version), 0) FROM {}", sql.migrations)
}

/// Whether the store can be used with tables of that version.
pub(crate) fn judge(found: i32, sql: &Sql) -> Result<(), Error> {
    let table = || sql.entries.clone();
    if found > NEWEST {
        return Err(Error::NewerTable { table: table(), found, known: NEWEST });
    }
    if found < NEWEST {
        return Err(Error::Table { table: table(), why: format!("it is of version {found}, not {NEWEST}") });
    }
    Ok(())
}

/// Applies what has not been applied, all or nothing.
pub(crate) async fn apply(client: &mut Object, sql: &Sql) -> Result<(), Error> {
    // Read committed, so that whoever waited for the lock sees what the one before did.
    let begun = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await;
    let transaction = begun.map_err(|error| Error::of_statement(&error, &sql.entries))?;
    for file in outstanding(&transaction, sql).await? {
        let file = file.replace(":entries", &sql.entries).replace(":migrations", &sql.migrations);
        transaction.batch_execute(&file).await.map_err(|error| Error::of_statement(&error, &sql.entries))?;
    }
    transaction.commit().await.map_err(|error| Error::of_statement(&error, &sql.entries))
}

/// The files that are still to be applied. Nobody else finds out until the transaction has ended.
async fn outstanding(transaction: &Transaction<'_>, sql: &Sql) -> Result<&'static [&'static str], Error> {
    let found = async {
        let lock = "SELECT pg_advisory_xact_lock(hashtextextended('otp-exchange ' || $1, 0))";
        transaction.query_typed(lock, &[(&sql.migrations, Type::TEXT)]).await?;
        let is_there = "SELECT to_regclass($1) IS NOT NULL";
        let is_there = transaction.query_typed_one(is_there, &[(&sql.migrations, Type::TEXT)]).await?;
        if !is_there.try_get(0)? {
            return Ok(0);
        }
        transaction.query_typed_one(&version_query(sql), &[]).await?.try_get(0)
    };
    let found: i32 = found.await.map_err(|error| Error::of_statement(&error, &sql.entries))?;
    let applied = usize::try_from(found).unwrap_or(0);
    let newer = Error::NewerTable { table: sql.entries.clone(), found, known: NEWEST };
    FILES.get(applied..).ok_or(newer)
}
