//! What a token of the v1 API says (R-V1-26), as JSON. What is around it, header and signature, is the
//! shell's.

use serde::{Deserialize, Serialize};

use crate::calls::v1::Claims;

/// The claims by their names on the wire.
#[derive(Debug, Deserialize, Serialize)]
pub struct TokenClaims {
    exp: i64,
    iat: i64,
    iss: String,
    #[serde(rename = "userId")]
    user_id: String,
}

impl From<&Claims> for TokenClaims {
    fn from(claims: &Claims) -> Self {
        let Claims { account, issuer, issued, expires } = claims.clone();
        Self { exp: expires, iat: issued, iss: issuer, user_id: account }
    }
}

impl From<TokenClaims> for Claims {
    fn from(claims: TokenClaims) -> Self {
        let TokenClaims { exp, iat, iss, user_id } = claims;
        Self { account: user_id, issuer: iss, issued: iat, expires: exp }
    }
}
