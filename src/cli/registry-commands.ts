import type { CommandEntry } from "./command-entry.ts";

/** The part of the command table that is about registries. */
export const registryCommands: Readonly<Record<string, CommandEntry>> = {
  login: {
    summary: "Keep the credentials for a registry",
    group: "Registries",
    load: async () => (await import("./commands/login.ts")).loginCommand,
  },
  logout: {
    summary: "Forget the credentials for a registry",
    group: "Registries",
    load: async () => (await import("./commands/logout.ts")).logoutCommand,
  },
  tags: {
    summary: "List the tags of a repository in a registry",
    group: "Registries",
    load: async () => (await import("./commands/tags.ts")).tagsCommand,
  },
  catalog: {
    summary: "List the repositories of a registry",
    group: "Registries",
    load: async () => (await import("./commands/catalog.ts")).catalogCommand,
  },
  digest: {
    summary: "Show the digest of an image in a registry, layout or archive",
    group: "Registries",
    load: async () => (await import("./commands/digest.ts")).digestCommand,
  },
  "manifest get": {
    summary: "Print the manifest, index or config of an image as it is",
    group: "Registries",
    load: async () => (await import("./commands/manifest-get.ts")).manifestGetCommand,
  },
  "blob get": {
    summary: "Download a blob of a repository",
    group: "Registries",
    load: async () => (await import("./commands/blob-get.ts")).blobGetCommand,
  },
  referrers: {
    summary: "List what refers to an image: signatures, SBOMs, attestations",
    group: "Registries",
    load: async () => (await import("./commands/referrers.ts")).referrersCommand,
  },
  "index create": {
    summary: "Make an image for several platforms out of images for one",
    group: "Registries",
    load: async () => (await import("./commands/index-create.ts")).indexCreateCommand,
  },
  "index add": {
    summary: "Add images to an image for several platforms",
    group: "Registries",
    load: async () => (await import("./commands/index-add.ts")).indexAddCommand,
  },
  "index remove": {
    summary: "Take platforms out of an image for several",
    group: "Registries",
    load: async () => (await import("./commands/index-remove.ts")).indexRemoveCommand,
  },
  delete: {
    summary: "Delete tags and images in registries",
    group: "Registries",
    load: async () => (await import("./commands/delete.ts")).deleteCommand,
  },
  "auth doctor": {
    summary: "Show which login a registry or repository gets, and what it may do",
    group: "Registries",
    load: async () => (await import("./commands/auth-doctor.ts")).authDoctorCommand,
  },
  "registry serve": {
    summary: "Serve a registry from a folder",
    group: "Registries",
    load: async () => (await import("./commands/registry-serve.ts")).registryServeCommand,
  },
  "access explain": {
    summary: "Show whether somebody may do something, and which grant decides",
    group: "Registries",
    load: async () => (await import("./commands/access-explain.ts")).accessExplainCommand,
  },
  "registry audit": {
    summary: "Show what was changed in a registry, by whom and from where",
    group: "Registries",
    load: async () => (await import("./commands/registry-audit.ts")).registryAuditCommand,
  },
  "registry check": {
    summary: "Compare what a registry's records say with its bytes, and repair it",
    group: "Registries",
    load: async () => (await import("./commands/registry-check.ts")).registryCheckCommand,
  },
  "registry backup": {
    summary: "Copy a registry's folder into another one, beside its running server",
    group: "Registries",
    load: async () => (await import("./commands/registry-backup.ts")).registryBackupCommand,
  },
  "registry restore": {
    summary: "Make a registry's folder from a backup",
    group: "Registries",
    load: async () => (await import("./commands/registry-restore.ts")).registryRestoreCommand,
  },
  "registry migrate": {
    summary: "Move a registry into PostgreSQL or a bucket, or back",
    group: "Registries",
    load: async () => (await import("./commands/registry-migrate.ts")).registryMigrateCommand,
  },
  "registry import": {
    summary: "Take over the folder of a docker-registry",
    group: "Registries",
    load: async () => (await import("./commands/registry-import.ts")).registryImportCommand,
  },
  "registry gc": {
    summary: "Remove what nobody reaches from a registry",
    group: "Registries",
    load: async () => (await import("./commands/registry-gc.ts")).registryGcCommand,
  },
  "registry usage": {
    summary: "Show what the namespaces of a registry use, and their quotas",
    group: "Registries",
    load: async () => (await import("./commands/registry-usage.ts")).registryUsageCommand,
  },
  "registry replication status": {
    summary: "Show how the replication rules of a registry are doing",
    group: "Registries",
    load: async () => (await import("./commands/registry-replication-status.ts")).registryReplicationStatusCommand,
  },
  "registry replication run": {
    summary: "Have a registry's server compare and copy by a rule now",
    group: "Registries",
    load: async () => (await import("./commands/registry-replication-run.ts")).registryReplicationRunCommand,
  },
  "retention plan": {
    summary: "Show which tags of a registry stay and which go, and why",
    group: "Registries",
    load: async () => (await import("./commands/retention-plan.ts")).retentionPlanCommand,
  },
  "retention apply": {
    summary: "Delete the tags that a plan of `retention plan` says",
    group: "Registries",
    load: async () => (await import("./commands/retention-apply.ts")).retentionApplyCommand,
  },
  "retention trash": {
    summary: "List the deleted tags of a registry that can be restored",
    group: "Registries",
    load: async () => (await import("./commands/retention-trash.ts")).retentionTrashCommand,
  },
  "retention restore": {
    summary: "Put deleted tags of a registry back",
    group: "Registries",
    load: async () => (await import("./commands/retention-restore.ts")).retentionRestoreCommand,
  },
  "registry robot create": {
    summary: "Make a robot of a registry, and show its secret once",
    group: "Registries",
    load: async () => (await import("./commands/registry-robot-create.ts")).registryRobotCreateCommand,
  },
  "registry robot ls": {
    summary: "List the robots of a registry",
    group: "Registries",
    load: async () => (await import("./commands/registry-robot-ls.ts")).registryRobotLsCommand,
  },
  "registry robot disable": {
    summary: "Put robots of a registry out of use until they are enabled again",
    group: "Registries",
    load: async () => (await import("./commands/registry-robot-disable.ts")).registryRobotDisableCommand,
  },
  "registry robot enable": {
    summary: "Put disabled robots of a registry back to use",
    group: "Registries",
    load: async () => (await import("./commands/registry-robot-enable.ts")).registryRobotEnableCommand,
  },
  "registry robot rm": {
    summary: "Remove robots from a registry",
    group: "Registries",
    load: async () => (await import("./commands/registry-robot-rm.ts")).registryRobotRmCommand,
  },
  "registry token create": {
    summary: "Make a personal token of a user of a registry, and show it once",
    group: "Registries",
    load: async () => (await import("./commands/registry-token-create.ts")).registryTokenCreateCommand,
  },
  "registry token ls": {
    summary: "List the personal tokens of a registry",
    group: "Registries",
    load: async () => (await import("./commands/registry-token-ls.ts")).registryTokenLsCommand,
  },
  "registry token enable": {
    summary: "Put personal tokens back to use that have outlived their user",
    group: "Registries",
    load: async () => (await import("./commands/registry-token-enable.ts")).registryTokenEnableCommand,
  },
  "registry token rm": {
    summary: "Remove personal tokens from a registry",
    group: "Registries",
    load: async () => (await import("./commands/registry-token-rm.ts")).registryTokenRmCommand,
  },
  "registry routes": {
    summary: "Show which places are asked for an image, in which order and why",
    group: "Registries",
    load: async () => (await import("./commands/registry-routes.ts")).registryRoutesCommand,
  },
};
