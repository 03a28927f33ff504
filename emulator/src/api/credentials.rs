//! Who asks, by the header `Authorization` of a v1 request (R-V1-25), and the signature of v1 tokens
//! (R-V1-26).
//!
//! Signing is here and not in the core, which decides what a token says and whether one that says so is
//! good: cryptography comes as a library that is compiled from C, and the core has none of those.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use vestibule_core::calls::v1::{Claims, Credential, Login, TokenKey};
use vestibule_core::wire::v1::TokenClaims;

use crate::fleet::Handle;

/// What a request brings. A header that comes twice says nothing.
pub(super) fn credential(handle: &Arc<Handle>, headers: &HeaderMap) -> Credential {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return if headers.contains_key(header::AUTHORIZATION) {
            Credential::Bad
        } else {
            Credential::None
        };
    };
    let value = value.to_str().unwrap_or_default().trim();
    let Some((scheme, rest)) = value.split_once(' ') else {
        return Credential::Bad;
    };
    if scheme.eq_ignore_ascii_case("basic") {
        password(rest.trim()).map_or(Credential::Bad, Credential::Password)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        let key = handle.read(|device, _| device.token_key());
        claims(rest.trim(), &key).map_or(Credential::Forged, Credential::Token)
    } else {
        Credential::Bad
    }
}

fn password(encoded: &str) -> Option<Login> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Login { user: user.to_owned(), password: password.to_owned() })
}

/// What a token says that was signed with that key, by HS256 and nothing else. How long it lives the
/// device knows, in real time.
fn claims(token: &str, key: &TokenKey) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_secret(&key.0);
    let token = jsonwebtoken::decode::<TokenClaims>(token, &key, &validation).ok()?;
    Some(token.claims.into())
}

/// A token of these claims.
pub(super) fn sign(claims: &Claims, key: &TokenKey) -> String {
    let (header, key) = (Header::new(Algorithm::HS256), EncodingKey::from_secret(&key.0));
    jsonwebtoken::encode(&header, &TokenClaims::from(claims), &key)
        .expect("claims are JSON, and any key does for HS256")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: TokenKey = TokenKey([7; 32]);

    fn said() -> Claims {
        Claims {
            account: "admin".to_owned(),
            issuer: "VSB0000001".to_owned(),
            issued: 1_000,
            expires: 1_300,
        }
    }

    #[test]
    fn r_v1_26_what_is_signed_is_read_again_and_by_its_key_alone() {
        let token = sign(&said(), &KEY);
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(claims(&token, &KEY), Some(said()));
        assert_eq!(claims(&token, &TokenKey([8; 32])), None);
    }

    #[test]
    fn r_v1_26_what_is_signed_otherwise_is_no_token() {
        let key = EncodingKey::from_secret(&KEY.0);
        let by = |algorithm| {
            let body = TokenClaims::from(&said());
            jsonwebtoken::encode(&Header::new(algorithm), &body, &key).expect("a token")
        };
        let good = by(Algorithm::HS256);
        let (_, signed) = good.split_once('.').expect("three parts");
        // {"alg":"none","typ":"JWT"}
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let unsigned = signed.rsplit_once('.').expect("three parts").0;
        for token in [
            by(Algorithm::HS384),
            by(Algorithm::HS512),
            format!("{none}.{signed}"),
            format!("{none}.{unsigned}."),
            format!("{none}.{unsigned}"),
            format!("{good}."),
            format!("{good}x"),
            good[..good.len() - 2].to_owned(),
            "..".to_owned(),
            "token".to_owned(),
            String::new(),
        ] {
            assert_eq!(claims(&token, &KEY), None, "{token}");
        }
        assert_eq!(claims(&good, &KEY), Some(said()));
    }
}
