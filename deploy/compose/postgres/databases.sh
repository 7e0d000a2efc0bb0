#!/usr/bin/env bash
# Run once by PostgreSQL's image, when the volume is new: a database for each program, which no other can open.
set -euo pipefail

for name in mlflow gateway llmeval; do
  variable="${name^^}_DB_PASSWORD"
  # psql quotes what it is given, so a password may hold anything.
  psql --username="${POSTGRES_USER:-postgres}" --dbname=postgres --no-psqlrc --set=ON_ERROR_STOP=1 \
    --set=name="$name" --set=password="${!variable}" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
SQL
done
