//! The answer to "why".

use dfs_rpc::wire::ClusterStatus;
use schemars::JsonSchema;
use serde::Serialize;

/// The state of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The path, chunk or node.
    pub subject: String,
    /// False if something is wrong with it.
    pub healthy: bool,
    /// Its state, sentence by sentence.
    pub sentences: Vec<String>,
    /// The command to run.
    pub run: String,
}

impl Explanation {
    pub(super) fn new(subject: impl ToString) -> Self {
        Self { subject: subject.to_string(), healthy: true, sentences: Vec::new(), run: String::new() }
    }

    /// Adds a sentence.
    pub(super) fn say(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    /// Adds a sentence about something that is wrong.
    pub(super) fn wrong(&mut self, sentence: impl Into<String>) {
        self.healthy = false;
        self.say(sentence);
    }

    /// Says that replicas may only not be reported yet, while datanodes are expected to report.
    pub(super) fn say_awaited(&mut self, status: &ClusterStatus) {
        if let Some((reported, expected)) = status.awaited().filter(|_| !self.healthy) {
            self.say(format!(
                "{reported} of {expected} datanodes have reported so far; the rest may have more replicas."
            ));
        }
    }
}
