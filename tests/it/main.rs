//! The promises that the whole project keeps, in one binary.

mod tidy;
