//! `df`.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::Unfinished;
use clap::Args;
use dfs_client::ClusterStatus;
use dfs_term::figures::{percent, size_short};
use dfs_term::{Align, Report, Table, View};
use dfs_types::Result;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

/// Arguments of `df`.
#[derive(Debug, Args)]
pub(super) struct Df {
    /// Human-readable sizes.
    #[arg(short = 'h')]
    human: bool,
}

impl Verb for Df {
    const NAME: &'static str = "df";
    const ABOUT: &'static str = "Show the capacity and the used and free space of the cluster";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("df -h", "sums over all live datanodes")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Space>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let status = context.call(client.status()).await?;
        context.show(&Space::of(&status, self.human))
    }
}

/// The space of the cluster, in bytes; capacity, used and free are sums over the live datanodes.
#[derive(Debug, Serialize, JsonSchema)]
struct Space {
    capacity: u64,
    used: u64,
    free: u64,
    /// Bytes of files that fit with `room_replicas` replicas, the default replication.
    room: u64,
    room_replicas: u8,
    /// Bytes of all files, counted once.
    files: u64,
    /// Bytes of all files with all replicas that are wanted: the used space when no replica is
    /// missing or surplus.
    reserved: u64,
    /// The part of the used space that unfinished writes hold.
    unfinished: Unfinished,
    #[serde(skip)]
    told: Option<String>,
    #[serde(skip)]
    human: bool,
}

impl Space {
    fn of(status: &ClusterStatus, human: bool) -> Self {
        let ClusterStatus { capacity, used, free, room, room_replicas, bytes, space, .. } = *status;
        let told = dfs_diagnosis::room(status);
        let unfinished = Unfinished::of(status);
        Self { capacity, used, free, room, room_replicas, told, files: bytes, reserved: space, unfinished, human }
    }
}

impl Report for Space {
    fn text(&self, view: &View) -> String {
        let heads = ["CAPACITY", "USED", "FREE", "USE", "DATA", "REPLICATED"];
        let mut table = Table::new(&heads.map(|head| (head, Align::Right)));
        let shown = |bytes: u64| if self.human { size_short(bytes) } else { bytes.to_string() };
        let sizes = [self.capacity, self.used, self.free, self.files, self.reserved].map(shown);
        let [capacity, used, free, files, reserved] = sizes;
        table.row([capacity, used, free, percent(self.used, self.capacity), files, reserved]);
        let mut text = table.render(view);
        if let Some(room) = &self.told {
            text.push_str(&format!("{room}\n"));
        }
        if let Some(held) = dfs_diagnosis::unfinished(&self.unfinished.told, &TimeZone::system()) {
            text.push_str(&format!("{held}\n"));
        }
        text
    }
}
