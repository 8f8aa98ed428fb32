//! Telling two kinds of times apart.

/// The chance that a time drawn from `these` is longer than one drawn from `those`, a tie counting half: the
/// area under the ROC curve, by the ranks of Mann and Whitney. One half means that nothing can be told by it;
/// 0 or 1, everything. Ranks do not care how far off an outlier is, so none has to be trimmed.
pub fn auc(these: &[u64], those: &[u64]) -> f64 {
    let mut times: Vec<(u64, bool)> = these.iter().map(|&time| (time, true)).collect();
    times.extend(those.iter().map(|&time| (time, false)));
    times.sort_unstable();
    let mut pairs = 0; // in halves
    let mut shorter = 0;
    for tied in times.chunk_by(|a, b| a.0 == b.0) {
        let ours = tied.iter().filter(|(_, is_ours)| *is_ours).count() as u64;
        let theirs = tied.len() as u64 - ours;
        pairs += ours * (2 * shorter + theirs);
        shorter += theirs;
    }
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let (pairs, all) = (pairs as f64, (2 * these.len() * those.len()) as f64);
    pairs / all
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn it_is_the_share_of_pairs() {
        close(auc(&[4, 5, 6], &[1, 2, 3]), 1.0);
        close(auc(&[1, 2, 3], &[4, 5, 6]), 0.0);
        close(auc(&[1, 3], &[2, 2]), 0.5);
        close(auc(&[7, 7, 7], &[7, 7]), 0.5);
        close(auc(&[2, 3, 9], &[1, 3]), (1.0 + 1.5 + 2.0) / 6.0);
    }

    #[test]
    fn it_is_what_comparing_every_pair_gives() {
        let these: Vec<u64> = (0..50).map(|n| n * n % 17).collect();
        let those: Vec<u64> = (0..40).map(|n| n * 5 % 13).collect();
        let mut pairs = 0.0;
        for a in &these {
            for b in &those {
                pairs += match a.cmp(b) {
                    Ordering::Greater => 1.0,
                    Ordering::Equal => 0.5,
                    Ordering::Less => 0.0,
                };
            }
        }
        close(auc(&these, &those), pairs / 2000.0);
    }
}
