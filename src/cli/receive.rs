//! The arguments of `vestibule receive`.

/// Be a reference platform: take pushes and reports, and count them.
#[derive(Debug, clap::Args)]
pub(crate) struct ReceiveArgs {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    pub(crate) listen: String,
}
