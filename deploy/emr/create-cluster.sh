#!/usr/bin/env bash
# Creates an EMR cluster on EC2 with a Spark Connect server and Needletail on each node.
#
#   emr/create-cluster.sh [--dry-run] NAME s3://BUCKET/FOLDER TARBALL
#
# It puts the tarball of scripts/package and the two scripts into the folder, and creates the cluster with a
# bootstrap action and a step. --dry-run prints the commands instead. Settings, by the environment: RELEASE
# (required; one with Spark 4: those called emr-7 have Spark 3.5, on which no function runs), SUBNET (required),
# KEYPAIR (required), MACHINE (m6i.2xlarge), WORKERS (2), HEAP (8g), CORES (4: of an executor), MODEL (500m: the
# size of the models' files, for the memory overhead), GPUS (0: those of each worker's machine).
set -euo pipefail

fail() {
  printf 'create-cluster.sh: %s\n' "$*" >&2
  exit 1
}

dry=false
if [ "${1:-}" = --dry-run ]; then
  dry=true
  shift
fi
case ${1:-} in
  -h | --help)
    sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"
    exit
    ;;
esac
[ "$#" -eq 3 ] || fail "usage: create-cluster.sh [--dry-run] NAME s3://BUCKET/FOLDER TARBALL"
name=$1 folder=${2%/} tarball=$3
[[ $folder == s3://* ]] || fail "'$folder' is no folder of S3, s3://BUCKET/FOLDER"
[ -f "$tarball" ] || fail "there is no $tarball; \`scripts/package --only tarball\` makes it"
for setting in RELEASE SUBNET KEYPAIR; do
  [ -n "${!setting:-}" ] || fail "set $setting; --help says what it is"
done
case $RELEASE in
  emr-[1-7].*) fail "$RELEASE has Spark 3.5 or older, and functions need Spark 4.0 to 4.3: take a newer release" ;;
esac
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sum=$(sha256sum "$tarball" | cut -d ' ' -f 1)

run() {
  if [ "$dry" = true ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

gpus=${GPUS:-0} cores=${CORES:-4}
settings=$here/emr/configurations.json
if [ "$gpus" -gt 0 ]; then settings=$here/emr/configurations-gpu.json; fi
overhead=$("$here/memory-overhead" --heap "${HEAP:-8g}" --slots "$cores" --model "${MODEL:-500m}" --gpus "$gpus")
# No quotes and no spaces in what is put in, so that what comes out is JSON again.
for value in "$cores" "${HEAP:-8g}" "$overhead" "$gpus"; do
  [[ $value =~ ^[0-9]+[kmgt]?$ ]] || fail "'$value' is no number or size"
done
configurations=$(sed -e "s/@CORES@/$cores/; s/@HEAP@/${HEAP:-8g}/; s/@OVERHEAD@/$overhead/; s/@GPUS@/$gpus/" \
  -e "s/@TASK_GPUS@/$(awk "BEGIN { share = $gpus / $cores; print (share > 0.5 ? 1 : share) }")/" "$settings")

run aws s3 cp "$tarball" "$folder/"
run aws s3 cp "$here/install-needletail.sh" "$folder/"
run aws s3 cp "$here/start-connect-server.sh" "$folder/"
# Arguments with an equals sign or a comma have no way through the short form of these options.
bootstrap=$(printf '[{"Name":"Needletail","Path":"%s","Args":["--archive","%s","--sha256","%s"]}]' \
  "$folder/install-needletail.sh" "$folder/$(basename "$tarball")" "$sum")
steps=$(printf '[{"Name":"Spark Connect","Type":"CUSTOM_JAR","ActionOnFailure":"CONTINUE","Jar":"%s","Args":["%s"]}]' \
  command-runner.jar "bash\",\"-c\",\"aws s3 cp $folder/start-connect-server.sh /tmp/ && bash /tmp/start-connect-server.sh")
run aws emr create-cluster --name "$name" --release-label "$RELEASE" \
  --applications Name=Hadoop Name=Spark --use-default-roles \
  --ec2-attributes "KeyName=$KEYPAIR,SubnetId=$SUBNET" \
  --instance-groups "InstanceGroupType=MASTER,InstanceCount=1,InstanceType=m6i.xlarge" \
  "InstanceGroupType=CORE,InstanceCount=${WORKERS:-2},InstanceType=${MACHINE:-m6i.2xlarge}" \
  --bootstrap-actions "$bootstrap" --steps "$steps" --configurations "$configurations"
cat <<'NEXT'
Then a tunnel, the token, and the first look (MASTER is the name of the master's machine):
  ssh -N -L 15002:localhost:15002 hadoop@MASTER &
  TOKEN=$(ssh hadoop@MASTER sudo cat /etc/needletail/connect.env | cut -d = -f 2)
  needletail doctor --remote "sc://localhost:15002/;token=$TOKEN"
NEXT
