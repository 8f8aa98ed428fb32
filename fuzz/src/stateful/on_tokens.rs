//! What is done with tokens.

use otp_exchange::{Fault, MalformedToken, TokenError};

use super::sessions::{Refreshed, Session};
use super::{ADDRESSES, PURPOSES, World};
use crate::block_on;

impl World {
    /// A token by its number, and the house that is asked.
    fn token(&self, token: u8, elsewhere: bool) -> Option<(usize, usize, usize)> {
        let house = usize::from(token) % 2;
        let count = self.houses[house].tokens.len();
        let to = if elsewhere { 1 - house } else { house };
        (count > 0).then(|| (house, count - 1 - usize::from(token / 2) % count, to))
    }

    pub(super) fn authenticate(&mut self, token: u8, strictly: bool, elsewhere: bool) {
        let Some((house, token, to)) = self.token(token, elsewhere) else { return };
        let (text, session, generation, is_access) = &self.houses[house].tokens[token];
        let otp = &self.houses[to].otp;
        let answer = if strictly {
            block_on(otp.authenticate_strictly(text))
        } else {
            block_on(otp.authenticate(text))
        };
        let session = &self.houses[house].sessions[*session];
        let revoked = self.houses[house].revoked[usize::from(session.recipient)];
        let life = session.access(*generation, self.now).filter(|_| *is_access && !elsewhere);
        let life = life.filter(|(issued, _)| !strictly || Session::is_spared(revoked, *issued));
        match answer {
            Ok(claims) => {
                let (issued, end) = life.expect("a token that is dead was taken");
                let begin = self.clock_at_begin();
                assert_eq!(claims.issued_at.unix_millis() - begin, issued);
                assert_eq!(claims.expires_at.unix_millis() - begin, end);
                assert_eq!(claims.subject, ADDRESSES[usize::from(session.recipient)]);
                assert_eq!(claims.purpose.as_str(), PURPOSES[usize::from(session.purpose)]);
            }
            Err(TokenError::Refused) => assert!(life.is_none(), "a live token was refused"),
            Err(TokenError::Malformed(MalformedToken::NotAccess)) => assert!(!is_access),
            Err(TokenError::Fault(Fault::Unavailable(_))) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn refresh(&mut self, token: u8, elsewhere: bool) {
        let Some((house, token, to)) = self.token(token, elsewhere) else { return };
        let (text, session, generation, is_access) = self.houses[house].tokens[token].clone();
        let answer = block_on(self.houses[to].otp.refresh(&text));
        match &answer {
            Err(TokenError::Malformed(MalformedToken::NotRefresh)) => return assert!(is_access),
            Err(TokenError::Refused) if elsewhere => return,
            Err(TokenError::Fault(Fault::Unavailable(_))) if self.failed_before(1) => return,
            _ => assert!(!is_access),
        }
        let house = &mut self.houses[house];
        let recipient = usize::from(house.sessions[session].recipient);
        let failed = matches!(&answer, Err(TokenError::Fault(Fault::Unavailable(_))));
        let calls = self.store.calls() - self.calls;
        assert!(!failed || calls <= 3);
        let before = house.sessions[session].clone();
        let expected = house.sessions[session].refresh(generation, self.now, house.revoked[recipient]);
        if failed && calls == 2 && house.sessions[session] != before {
            house.sessions[session] = before; // what could not be written has not happened
            return;
        }
        match (answer, expected) {
            (Ok(tokens), Refreshed::Pair(generation)) if !elsewhere => {
                house.keep(session, generation, &tokens);
            }
            (Err(TokenError::Refused), Refreshed::Refused) => {}
            (Err(_), _) if failed => {}
            (answer, expected) => panic!("{answer:?}, and should be {expected:?}"),
        }
    }

    pub(super) fn revoke(&mut self, token: u8, family: bool, elsewhere: bool) {
        let Some((house, token, to)) = self.token(token, elsewhere) else { return };
        let (text, session, generation, is_access) = self.houses[house].tokens[token].clone();
        let otp = &self.houses[to].otp;
        match block_on(async {
            if family { otp.revoke_family(&text).await } else { otp.revoke(&text).await }
        }) {
            Ok(()) if elsewhere => {} // unknown there, and no error
            Ok(()) if family => self.houses[house].sessions[session].end(),
            Ok(()) => self.houses[house].sessions[session].revoke(is_access, generation),
            Err(TokenError::Fault(Fault::Unavailable(_))) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn revoke_subject(&mut self, house: bool, recipient: bool) {
        let (house, recipient) = (usize::from(house), usize::from(recipient));
        match block_on(self.houses[house].otp.revoke_subject(ADDRESSES[recipient])) {
            Ok(()) => self.houses[house].revoked[recipient] = Some(self.now),
            Err(Fault::Unavailable(_)) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }
}
