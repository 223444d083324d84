import { eventView } from "../audit/event-view.ts";
import type { RegistryEvent } from "../storage/records.ts";

export const CLOUD_EVENTS = "application/cloudevents+json; charset=utf-8";

/**
 * An event as CloudEvents 1.0 (JSON format); `source` and `id` together are the same whenever it is sent again, and never those of another event: a registry that
 * was restored from a backup gives numbers once more, so that the time belongs to the id.
 */
export function cloudEvent(event: RegistryEvent, source: string): string {
  const { id, time, action, repository, tag, digest, user, address, detail } = eventView(event);
  return JSON.stringify({
    specversion: "1.0", id: `${id}-${event.at.toString(36)}`, source, type: `sampan.registry.${action}`, time,
    ...(repository === undefined ? {} : { subject: tag === undefined ? repository : `${repository}:${tag}` }),
    datacontenttype: "application/json",
    data: { action, repository, tag, digest, user, address, detail },
  });
}
