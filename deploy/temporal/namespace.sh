#!/bin/sh
# The namespace, kept for 90 days, with the search attributes by which incidents are found (src/workflows/incident/api.ts).
set -eu
temporal operator namespace describe "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --retention 90d "$TEMPORAL_NAMESPACE"
temporal operator namespace update --retention 90d "$TEMPORAL_NAMESPACE"
for attribute in Severity Phase Service Commander; do
  temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -qw "$attribute" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$attribute" --type Keyword
done
