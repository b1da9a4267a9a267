# Spark's classes as Java has them after loading, which takes half of the processors' time of a Spark that
# lives for seconds. Sourced after lib/setup.sh:
#
#   require_spark_classes
#
# writes them to .build (0.2 GB, a minute), at most once, and has every Java that is started from here use
# them. A Java with other jars says nothing and loads its own, and so do all where this fails.

require_spark_classes() {
  local classes="$root/.build/spark-classes.jsa" stamp="$root/.build/spark-classes.stamp" jars wanted
  # Java takes its options apart at blanks.
  case $root in *[[:space:]]*) return 0 ;; esac
  jars=$(echo "$root"/.venv/lib/python3*/site-packages/pyspark/jars)
  wanted=$({ env -u JDK_JAVA_OPTIONS "${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1
    stat -c '%n %Y' "$jars"; cat "$root/scripts/lib/spark_classes.py"; } | cksum)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    say "writing Spark's classes for Java to share (a minute, once)"
    rm -f "$classes"
    if quietly "$python" "$root/scripts/lib/spark_classes.py" "$classes"; then
      printf '%s' "$wanted" >"$stamp"
    else
      rm -f "$classes"
      say "Java did not write them; its Sparks start without"
    fi
  fi
  [ -f "$classes" ] || return 0
  # Without the options for its log each Java with other jars would say so.
  JDK_JAVA_OPTIONS="${JDK_JAVA_OPTIONS:+$JDK_JAVA_OPTIONS }-XX:SharedArchiveFile=$classes -Xlog:disable"
  export JDK_JAVA_OPTIONS
}
