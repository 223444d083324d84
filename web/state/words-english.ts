export const english = {
  registry: "Registry", skip: "Skip to the content", views: "Views", language: "中文", dark: "Dark", light: "Light",
  repositories: "Repositories", retention: "Retention", trash: "Trash", audit: "Audit", usage: "Storage", access: "Access",
  logIn: "Log in", logOut: "Log out", user: "User name", password: "Password", loginHint: "The same name and password as for docker login.",
  loading: "Loading …", failed: "That did not work", unreachable: "The registry does not answer. Is it running, and is the network there?", again: "Try again",
  needLogin: "Log in to see more.", denied: "Ask somebody who administers this repository for the right.", missing: "It may have been deleted, or you may not see it.",
  search: "Search repositories", searchHint: "Press / to search", name: "Name", tags: "Tags", size: "Size", pushed: "Pushed", more: "Show more",
  noRepositories: "Nothing here yet", noRepositoriesHint: "Push an image, and it appears here:", noMatch: "No repository has {words} in its name", noMatchHint: "Search for a part of the name, or look at all of them.", all: "All repositories",
  noneSeen: "Nothing that you may see", noneSeenHint: "Log in, or ask for the right to pull.",
  tag: "Tag", platforms: "Platforms", by: "by {user}", pulls: "Pulls", pulled: "Last pull {age}", neverPulled: "never pulled", referrers: "Referrers", immutable: "immutable",
  noTags: "No tags", noTagsHint: "Images without a tag are still here until they are collected. Push one with a tag:", compare: "Compare", compareHint: "Choose two tags to compare them.", choose: "Choose {tag} for a comparison",
  copy: "Copy", copied: "Copied", pullIt: "Pull", copyIt: "Copy to another registry",
  image: "Image", digest: "Digest", type: "Type", created: "Created", platform: "Platform", layers: "Layers", history: "History", config: "Configuration", annotations: "Annotations",
  step: "Step", noLayer: "no layer", noReferrers: "Nothing refers to this image: it has no signature and no SBOM here.", artifact: "Kind", setting: "Setting", value: "Value", otherPlatform: "attestation",
  diff: "Comparison", inBoth: "in both", onlyFrom: "removed", onlyTo: "added", sameLayers: "Both have the same layers.", sameConfig: "Both have the same configuration.", before: "Before", after: "After", shared: "{size} in both, {added} added, {removed} removed",
  explain: "Explain", repository: "Repository", accessHint: "What somebody may do in a repository, and which grant decides.", accessFor: "Who (yourself when empty)", right: "Right", allowed: "yes", refused: "no", reason: "Why",
  retentionHint: "What the rules say of every tag. Nothing is deleted before you apply it.", keeps: "stays", deletes: "goes", apply: "Delete {count} tags", applyAsk: "Delete {count} tags of {repository}? They can be restored for {period}.", applyAskForGood: "Delete {count} tags of {repository} for good?", cancel: "Cancel", applied: "{deleted} tags are deleted, {changed} had changed and stay.", nothingGoes: "Nothing goes: every tag stays.",
  noRules: "No rules", noRulesHint: "No rule in the configuration is for a repository that you see. This one keeps the last three versions:", onlyDeletes: "Only what goes",
  noTrash: "The trash is empty", noTrashHint: "Tags that the retention deletes stay here for a time, and can be restored.", restore: "Restore", restored: "{tag} is back.", deleted: "Deleted", expires: "Gone for good",
  when: "When", what: "Change", who: "Who", from: "From", noAudit: "No changes to show", noAuditHint: "Here is every change in repositories that you administer.",
  usageSum: "{size} in {count} repositories", usageStored: "{size} on the disk: what several have is kept once", noUsage: "Nothing is stored yet", usagePicture: "Repositories by size", days: "{count} days", hours: "{count} hours",
};

export type Word = keyof typeof english;
