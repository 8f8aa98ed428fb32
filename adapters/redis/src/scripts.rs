//! The two scripts that run inside the server, and how long an entry stays there.

use std::sync::LazyLock;
use std::time::Duration;

use otp_exchange::Timestamp;
use redis::Script;

/// Compares the version inside the value, bytes 6 to 17 as Lua counts them, with `ARGV[1]`, which is empty
/// where there must be no entry; then runs the one command in the rest of `ARGV`. Answers nil where it did
/// nothing.
pub(crate) const SWAP: &str = "\
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' then return found end
local version = found and string.sub(found, 6, 17)
if version ~= (ARGV[1] ~= '' and ARGV[1]) then return false end
return redis.pcall(ARGV[2], KEYS[1], unpack(ARGV, 3))";

/// Reads an entry, and writes its first byte over itself. The bytes and the time to live stay as they are,
/// but the server now has a write of this connection that comes after whatever wrote the entry, so that WAIT
/// waits for both.
pub(crate) const LOAD: &str = "\
local found = redis.pcall('GET', KEYS[1])
if type(found) ~= 'string' then return found end
local done = redis.pcall('SETRANGE', KEYS[1], 0, string.sub(found, 1, 1))
if type(done) == 'table' then return done end
return found";

/// The hashes the server knows them by.
pub(crate) static SWAP_SHA: LazyLock<Script> = LazyLock::new(|| Script::new(SWAP));
pub(crate) static LOAD_SHA: LazyLock<Script> = LazyLock::new(|| Script::new(LOAD));

/// Longer than this, 10,000 years, and an entry is kept for good: Redis refuses what would overflow its
/// clock.
const LONGEST: Duration = Duration::from_secs(10_000 * 366 * 86_400);

/// Kept longer than asked for, in case a server's clock leaps ahead, or a replica's is ahead that takes over:
/// the server counts the end by its clock.
const MARGIN: Duration = Duration::from_secs(60);

/// The command that writes `value`, as the arguments behind its key: kept until `forget_after`, or nothing
/// left where that is over.
pub(crate) fn write(value: &[u8], now: Timestamp, forget_after: Timestamp) -> Vec<Vec<u8>> {
    let left = now.until(forget_after);
    if left.is_zero() {
        return vec![b"DEL".to_vec()];
    }
    let mut write = vec![b"SET".to_vec(), value.to_vec()];
    if left <= LONGEST {
        write.extend([b"PX".to_vec(), (left + MARGIN).as_millis().to_string().into_bytes()]);
    }
    write
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_forgotten_before_its_time_and_nothing_overflows() {
        let at = Timestamp::from_unix_millis;
        let text = |now, forget_after| {
            let write = write(b"v", now, forget_after);
            write.into_iter().map(|part| String::from_utf8(part).unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(text(at(1_000), at(1_001)), "SET v PX 60001");
        assert_eq!(text(at(-5_000), at(5_000)), "SET v PX 70000");
        assert_eq!(text(at(0), at(315_576_000_000_000)), "SET v PX 315576000060000");
        for (now, forget_after) in
            [(at(0), Timestamp::MAX), (Timestamp::MIN, Timestamp::MAX), (Timestamp::MIN, at(0))]
        {
            assert_eq!(text(now, forget_after), "SET v");
        }
        for (now, forget_after) in [(at(7), at(7)), (at(0), Timestamp::MIN), (Timestamp::MAX, Timestamp::MAX)]
        {
            assert_eq!(text(now, forget_after), "DEL");
        }
    }
}
