/** Classifiers of licences that mean one text; the others ("BSD License") leave open which one. */
const LICENSES: Readonly<Record<string, string>> = {
  "MIT License": "MIT", "MIT No Attribution License (MIT-0)": "MIT-0", "Apache Software License": "Apache-2.0", "ISC License (ISCL)": "ISC", "The Unlicense (Unlicense)": "Unlicense", "zlib/libpng License": "Zlib",
  "Mozilla Public License 1.0 (MPL)": "MPL-1.0", "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
  "GNU Affero General Public License v3": "AGPL-3.0-only", "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
  "GNU General Public License v2 (GPLv2)": "GPL-2.0-only", "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later", "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
  "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later", "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only", "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
  "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only", "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later", "Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
  "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0", "European Union Public Licence 1.1 (EUPL 1.1)": "EUPL-1.1", "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2", "Python Software Foundation License": "PSF-2.0",
  "University of Illinois/NCSA Open Source License": "NCSA", "Universal Permissive License (UPL)": "UPL-1.0", "Blue Oak Model License (BlueOak-1.0.0)": "BlueOak-1.0.0", "Historical Permission Notice and Disclaimer (HPND)": "HPND",
};

/**
 * The licence that a classifier of a Python distribution names, `License :: OSI Approved :: MIT License`.
 * @returns an id of SPDX, or the classifier's last words; undefined where it is about something else
 */
export function licenseOfClassifier(classifier: string): string | undefined {
  const parts = classifier.split(" :: ");
  if (parts[0] !== "License" || parts.length < 2) return undefined;
  const words = parts.at(-1)!.trim();
  if (words === "OSI Approved" || words === "") return undefined;
  return Object.hasOwn(LICENSES, words) ? LICENSES[words] : words;
}
