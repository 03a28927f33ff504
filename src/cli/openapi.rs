//! The arguments of `vestibule openapi`.

/// Print the OpenAPI 3.1 document of an API, made of what the code serves.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct OpenapiArgs {
    /// Which API
    #[arg(value_enum)]
    pub(crate) api: Api,
}

/// An API that is served.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Api {
    /// The device's third-party push
    V1,
    /// The device's event management
    V3,
    /// What steers an emulated device; a running one has it at GET /openapi.json, too
    Control,
}

const AFTER_HELP: &str = "\
Examples:
  vestibule openapi v3 > v3.json
  vestibule openapi control | jq '.paths | keys'";
