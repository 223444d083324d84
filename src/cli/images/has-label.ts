import type { ImageRecord } from "../../store/image-store.ts";

/** Whether an image has a label `NAME`, or `NAME=VALUE` with that value. */
export function hasLabel(image: ImageRecord, wanted: string): boolean {
  const labels = image.config.config?.Labels ?? {};
  const equals = wanted.indexOf("=");
  if (equals < 0) return Object.hasOwn(labels, wanted);
  return Object.hasOwn(labels, wanted.slice(0, equals)) && labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}
