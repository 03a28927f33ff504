//! The promises that concern the world as a whole.
