//! Which part of a cluster a key belongs to.

/// How many slots a cluster shares out among its servers.
pub(crate) const SLOTS: u16 = 16_384;

/// The slot of a key: CRC16 (XMODEM) of what is between its first pair of braces, or else of all of it.
/// <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>
pub(crate) fn slot(key: &[u8]) -> u16 {
    let position = |of: u8, bytes: &[u8]| bytes.iter().position(|byte| *byte == of);
    let tag = position(b'{', key).and_then(|open| {
        let rest = &key[open + 1..];
        position(b'}', rest).filter(|length| *length > 0).map(|length| &rest[..length])
    });
    let crc = tag.unwrap_or(key).iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(slot(b"123456789"), 0x31c3); // the specification's own example
        assert_eq!(slot(b"foo"), 12_182);
        assert_eq!(slot(b"{foo}.bar"), slot(b"foo"));
        assert_eq!(slot(b"a{}b"), slot(b"a{}b")); // an empty tag is none
        assert_ne!(slot(b"a{}b"), slot(b""));
        assert_eq!(slot(b"a{{b}c}"), slot(b"{b"));
    }
}
