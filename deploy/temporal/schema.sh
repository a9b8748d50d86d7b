#!/bin/sh
# Temporal's two databases: created at the first start, brought to the server's version at every later one.
set -eu
for name in temporal visibility; do
  database=temporal
  [ "$name" = visibility ] && database=temporal_visibility
  tool="temporal-sql-tool --plugin postgres12 --ep postgresql -p 5432 -u incident --db $database"
  update="$tool update-schema -d /etc/temporal/schema/postgresql/v12/$name/versioned"
  $tool create
  # Only an empty database has no version to update from.
  $update || { $tool setup-schema -v 0.0 && $update; }
done
