// No editor, no telemetry, and no log but warnings: the flow alone.
module.exports = {
  uiHost: "127.0.0.1",
  httpAdminRoot: false,
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  logging: { console: { level: "warn" } },
};
