/** Whether a token for `held` scopes serves `wanted` ones: same resource, all actions (distribution-spec, auth/scope.md). */
export function coversScopes(held: readonly string[], wanted: readonly string[]): boolean {
  const grants = held.map(splitScope);
  return wanted.map(splitScope).every(({ resource, actions }) =>
    grants.some((grant) => grant.resource === resource && actions.every((action) => grant.actions.includes(action) || grant.actions.includes("*"))),
  );
}

/** The wanted scopes with those of a challenge first, since some servers read the first one only; nothing twice. */
export function mergeScopes(challenged: string | undefined, wanted: readonly string[]): string[] {
  const merged: string[] = [];
  for (const scope of [...(challenged ?? "").split(/\s+/).filter(Boolean), ...wanted]) {
    if (!coversScopes(merged, [scope])) merged.push(scope);
  }
  return merged;
}

function splitScope(scope: string): { resource: string; actions: string[] } {
  // A name may hold a colon (host:port), so the actions are what follows the last one.
  const last = scope.lastIndexOf(":");
  return { resource: scope.slice(0, last), actions: scope.slice(last + 1).split(",") };
}
