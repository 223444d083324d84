import type { Incidents } from "../incidents.ts";
import { logEvent, type SqliteContext } from "./context.ts";

/** What was tried in vain. */
export function incidentPart(context: SqliteContext): Incidents {
  return {
    logIncidents: (incidents) =>
      context.database.writeLazily(() => {
        for (const incident of incidents) logEvent(context, incident);
      }),
  };
}
