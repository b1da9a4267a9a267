/// The mistakes, and what is said of each.
extension RefusalTests {
  struct Case {
    var arguments: String
    /// What stands first in standard error.
    var says: String
    var status: Int32 = 64
  }

  static let inputs = "pixels: float32[?, 64]"

  static let cases: [Case] = [
    // Options that the parser knows to be wrong.
    Case(
      arguments: "predict digits.onnx --input in.csv",
      says:
        "error: nothing says where to write: name a file or a folder with --output (- prints rows), or a table of Spark's with --output-table"
    ),
    Case(
      arguments: "predict digits.onnx --output new",
      says:
        "error: nothing says what to read: name files with --input, a table of Spark's with --table, or a query with --sql"
    ),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --table t --sql q --output new --output-table u --resume id --partition-by a",
      says:
        "error: --input, --table and --sql each say what to read; leave one of them; --output and --output-table each say where to write; leave one of them; --resume goes on in a plain folder of files; leave out --output-table; --resume goes on in a plain folder of files; leave out --partition-by"
    ),
    Case(
      arguments: "predict digits.onnx --table t --input-format csv --output new",
      says:
        "error: --input-format is for files (--input), and --table needs none; leave it out"),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --format delta --input-format csv --output-format csv",
      says:
        "error: --format says what --input-format and --output-format say each for one table; leave it out"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output - --partition-by a",
      says: "error: --partition-by divides files, and --output - prints rows; name a folder"),
    Case(
      arguments: "predict digits.onnx --table t --output-table u --engine local",
      says:
        "error: --engine local cannot do this: --table, --output-table are for Spark alone; change that, or say --engine spark"
    ),
    Case(
      arguments: "predict digits.onnx --sql q --output new --engine local",
      says:
        "error: --engine local cannot do this: --sql is for Spark alone; change that, or say --engine spark"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --partition-by a --engine local",
      says:
        "error: --engine local cannot do this: --partition-by is for Spark alone; change that, or say --engine spark"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --format delta --engine local",
      says:
        "error: --engine local cannot do this: only Spark reads the format delta; change that, or say --engine spark"
    ),
    Case(
      arguments:
        "predict digits.onnx --table t --output new --jar none.jar --remote sc://127.0.0.1:1",
      says:
        "error: --jar 'none.jar' is no file on this machine; give a file, or name the package with --conf spark.jars.packages=GROUP:NAME:VERSION, which a Spark that this command starts fetches"
    ),
    Case(
      arguments: "sql --model digits.onnx q",
      says:
        "error: The value 'digits.onnx' is invalid for '--model <name=model>': 'digits.onnx' is not of the form NAME=MODEL, such as sentiment=models/distilbert"
    ),
    Case(
      arguments: "sql --model a=digits.onnx --model A=digits.onnx --mode append --limit 0 q",
      says:
        "error: --mode needs something to write: --output or --output-table; --limit is 0, it must be at least 1; --model A is given twice; give each model a name of its own"
    ),
    Case(
      arguments: "sql --output new --limit 3 q",
      says:
        "error: --limit says how many rows are printed, and all are written: write LIMIT in the query"
    ),
    Case(
      arguments: "sql --output - --partition-by a q",
      says: "error: --partition-by needs something to write: --output or --output-table"),
    Case(
      arguments: "sql --model a=none.onnx q",
      says: "error: there is no model none.onnx (the current folder is $FOLDER)"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --mode sideways",
      says:
        "error: The value 'sideways' is invalid for '--mode <mode>'. Please provide one of 'error', 'append', 'overwrite' or 'ignore'."
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --batch-size 0",
      says: "error: --batch-size is 0, it must be at least 1"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --restart",
      says:
        "error: --restart is for --resume; say which column tells rows apart, such as --resume id"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output - --resume p0",
      says:
        "error: --resume goes on with an output that is kept, and --output - prints rows; name a folder"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --resume p0 --mode overwrite",
      says:
        "error: --resume goes on with what is there, and --restart replaces it; leave out --mode overwrite"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --map pixels",
      says:
        "error: The value 'pixels' is invalid for '--map <input=column,...>': 'pixels' is not of the form --map INPUT=COLUMN[,COLUMN...]"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --map pixels=a,,b",
      says:
        "error: The value 'pixels=a,,b' is invalid for '--map <input=column,...>': --map: 'a,,b' has an empty name between its commas"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --map pixels=`a,b",
      says:
        "error: The value 'pixels=`a,b' is invalid for '--map <input=column,...>': --map: '`a,b' has a backtick without its second one"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --map pixels=a,`b`c",
      says:
        "error: The value 'pixels=a,`b`c' is invalid for '--map <input=column,...>': --map: 'a,`b`c' needs a comma behind the name in backticks, in which two backticks stand for one"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --keep ``",
      says: "error: --keep: '``' has an empty name between its commas"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --conf spark.sql.ansi.enabled",
      says:
        "error: The value 'spark.sql.ansi.enabled' is invalid for '--conf <key=value>': 'spark.sql.ansi.enabled' is not of the form --conf KEY=VALUE"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --outputs classes",
      says:
        "error: --outputs names the output 'classes', which the model does not have; its outputs are probabilities: float32[?, 10]"
    ),
    // Shapes and constants of inputs.
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --shape pixels=8,x",
      says:
        "error: The value 'pixels=8,x' is invalid for '--shape <input=size,...>': '8,x' has a size that is no number above 0, such as 3,224,224"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --shape pixel=64",
      says:
        "error: --shape names the input 'pixel', which the model does not have; its inputs are \(inputs)"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --constant pixel=0",
      says:
        "error: --constant names the input 'pixel', which the model does not have; its inputs are \(inputs)"
    ),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --constant pixels=0 --map pixels=a",
      says:
        "error: --map and --constant name the same input 'pixels'; take one of them away"),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --constant pixels=0 --constant pixels=1",
      says: "error: --constant pixels is given twice; give it once"),
    // Names that other programs have.
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --custom-ops libops.so",
      says:
        "error: Unknown option '--custom-ops'. Did you mean '--option customOps=...'?"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --ops=libops.so",
      says: "error: Unknown option '--ops'. Did you mean '--option customOps=...'?"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --batch-axis pixels:0",
      says: "error: Unknown option '--batch-axis'. Did you mean '--batch-dimension'?"),
    // What becomes of outputs.
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --softmax classes",
      says:
        "error: --softmax names the output 'classes', which the model does not have; its outputs are probabilities: float32[?, 10]"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --top-k classes=3",
      says:
        "error: --top-k names the output 'classes', which the model does not have; its outputs are probabilities: float32[?, 10]"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --top-k none",
      says:
        "error: The value 'none' is invalid for '--top-k <[output=]K>': 'none' is not a positive number, nor of the form OUTPUT=K"
    ),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --argmax probabilities --softmax probabilities",
      says:
        "error: --argmax and --softmax name the same output 'probabilities', which becomes one column; take one of them"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --labels in.csv",
      says:
        "error: --labels names the classes for --top-k; say how many of them: --top-k 5"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --top-k 2 --labels none.txt",
      says:
        "error: labels in none.txt: it cannot be read: there is no such file; expected a file with a label in each line, or JSON"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --round 16",
      says:
        "error: The value '16' is invalid for '--round <[output=]N>': '16' is not a number of decimal places from 0 to 15, nor of the form OUTPUT=3"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --round classes=2",
      says:
        "error: --round names the output 'classes', which the model does not have; its outputs are probabilities: float32[?, 10]"
    ),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --argmax probabilities --round 2",
      says:
        "error: --round has nothing to round: no column has floating-point numbers; leave it out"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --round 2 --round 3",
      says:
        "error: --round 2 and --round 3 are for the same outputs; name them: --round OUTPUT=3"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --output-as list",
      says:
        "error: The value 'list' is invalid for '--output-as <[output=]form>': 'list' is none of array, vector, binary, nor of the form OUTPUT=vector"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --top-k 2 --output-as vector",
      says:
        "error: --output-as vector needs an output of numbers, and there is none that stays a row of numbers; leave it out"
    ),
    // Policies for rows.
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --on-error maybe",
      says:
        "error: The value 'maybe' is invalid for '--on-error <fail|null|column[=NAME]>': 'maybe' is none of fail, null, column and column=NAME"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --on-error column=",
      says:
        "error: The value 'column=' is invalid for '--on-error <fail|null|column[=NAME]>': 'column=' is none of fail, null, column and column=NAME"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --on-ragged pad=0:none",
      says:
        "error: The value 'pad=0:none' is invalid for '--on-ragged <fail|pad=VALUE[:LENGTH]>': 'pad=0:none' is none of fail, pad=VALUE and pad=VALUE:LENGTH"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --on-null skip",
      says:
        "error: The value 'skip' is invalid for '--on-null <fail|null|fill=VALUE>': 'skip' is none of fail, null and fill=VALUE"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --on-null fill=none",
      says:
        "error: --on-null fill=none: the model's input \(inputs) takes no texts; fill with a number"
    ),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --on-error null --max-errors 200%",
      says:
        "error: The value '200%' is invalid for '--max-errors <N|N%>': '200%' is neither a number of rows nor a share from 0% to 100%"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --max-errors 5",
      says:
        "error: --max-errors counts rows that --on-error null or --on-error column lets pass; say one of them"
    ),
    // Options that are given twice.
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --conf spark.a=1 --conf spark.b=2 --conf spark.a=",
      says: "error: --conf spark.a is given twice, with '1' and ''; give it once"),
    Case(
      arguments: "predict digits.onnx --input in.csv --input other.csv --output new",
      says: "error: --input is given twice, with 'in.csv' and 'other.csv'; give it once"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --keep=a --keep b",
      says: "error: --keep is given twice, with 'a' and 'b'; give it once"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --mode append --mode overwrite",
      says: "error: --mode is given twice, with 'append' and 'overwrite'; give it once"),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --option threads=1 --option threads=2",
      says: "error: --option threads is given twice, with '1' and '2'; give it once"),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --output-map probabilities=p --output-map probabilities=q",
      says: "error: --output-map probabilities is given twice, with 'p' and 'q'; give it once"),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --input-option sep=; --input-option sep=,",
      says: "error: --input-option sep is given twice, with ';' and ','; give it once"),
    // No token is shown.
    Case(
      arguments:
        "inspect kserve://h/m --option token=hidden --option token=secret",
      says: "error: --option token is given twice; give it once"),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --remote sc://h/;token=hidden --remote sc://i/;token=secret",
      says: "error: --remote is given twice; give it once"),
    Case(
      arguments: "inspect kserve://h/m --header hidden",
      says: "error: a --header is not of the form --header 'NAME: VALUE'"),
    Case(
      arguments: "serve digits.onnx --http-port 1 --http-port 2",
      says: "error: --http-port is given twice, with '1' and '2'; give it once"),
    // The engine.
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --engine fast",
      says:
        "error: The value 'fast' is invalid for '--engine <engine>'. Please provide one of 'auto', 'local' or 'spark'."
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --threads 0",
      says: "error: --threads is 0, it must be at least 1"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --engine local --remote sc://h",
      says:
        "error: --engine local cannot do this: --remote names a server of Spark; change that, or say --engine spark"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --engine local --task-gpus 1",
      says:
        "error: --engine local cannot do this: --task-gpus is for tasks of Spark; change that, or say --engine spark"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new.orc --engine local",
      says:
        "error: --engine local cannot do this: only Spark writes the format orc; change that, or say --engine spark"
    ),
    Case(
      arguments:
        "predict digits.onnx --input in.csv --output new --engine local --conf spark.sql.ansi.enabled=true",
      says:
        "error: --engine local cannot do this: --conf spark.sql.ansi.enabled is one of Spark's settings; change that, or say --engine spark"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new.arrow --engine spark",
      says:
        "error: Spark neither reads nor writes the format arrow: convert the table, or leave out what asks for Spark (--engine spark)"
    ),
    // A Spark of this machine's.
    Case(
      arguments: "spark start --workers 0 --port 70000 --memory 100m",
      says:
        "error: --workers is 0, it must be at least 1; --port is 70000, it must be 0 to 65535; --memory is 100m, and an executor needs 512m at least"
    ),
    Case(
      arguments: "spark start --memory 1k",
      says: "error: The value '1k' is invalid for '--memory <size>'"),
    Case(
      arguments: "spark start --wrokers 2",
      says: "error: Unknown option '--wrokers'. Did you mean '--workers'?"),
    Case(
      arguments: "spark start --port 1 --port 2",
      says: "error: --port is given twice, with '1' and '2'; give it once"),
    Case(
      arguments: "spark start --spark-home nowhere",
      says:
        "error: --spark-home is nowhere, but there is no bin/spark-submit in it; name the folder of a Spark 4, or leave it out to use the one that needletail doctor tells"
    ),
    Case(
      arguments: "spark sart",
      says: "error: needletail spark has no command 'sart'. Did you mean 'start'?"),
    // The model.
    Case(
      arguments: "predict missing.onnx --input in.csv --output new",
      says: "error: there is no model missing.onnx (the current folder is $FOLDER)"),
    Case(
      arguments: "inspect missing.onnx",
      says: "error: there is no model missing.onnx (the current folder is $FOLDER)"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --option thread=2",
      says:
        "error: a model of the format onnx has no option 'thread'; it has threads, provider, customOps"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --option threads=two",
      says: "error: threads is 'two', it must be a positive number"),
    Case(
      arguments: "inspect digits.onnx --header Host:h",
      says:
        "error: --header is for models of a server (kserve://HOST:PORT/MODEL), and 'digits.onnx' is none"
    ),
    Case(
      arguments: "predict kserve://h --input in.csv --output new",
      says:
        "error: [KSERVE_INVALID_ARGUMENT] the address 'kserve://h' names no model; give grpc://h:8001/MODEL or grpc://h:8001/MODEL/VERSION"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new --map pixel=a",
      says:
        "error: --map names the input 'pixel', which the model does not have; its inputs are \(inputs)"
    ),
    // The input.
    Case(
      arguments: "predict digits.onnx --input nowhere.csv --output new",
      says: "error: there is no input 'nowhere.csv' (the current folder is $FOLDER)"),
    Case(
      arguments: "predict digits.onnx --input file:$FOLDER/nowhere --output new",
      says: "error: there is no input 'file:$FOLDER/nowhere'"),
    Case(
      arguments: "predict digits.onnx --input no*.csv --output new",
      says: "error: there is no input that 'no*.csv' stands for (the current folder is $FOLDER)"),
    Case(
      arguments: "predict digits.onnx --input empty --output new",
      says: "error: the input 'empty' is a folder without files to read"),
    Case(
      arguments: "predict digits.onnx --input pipe.csv --output new",
      says:
        "error: the input '$FOLDER/pipe.csv' is no file, but a pipe or a device, which cannot be read in parts; write it to a file first"
    ),
    Case(
      arguments: "predict digits.onnx --input numbers.csv --output new",
      says:
        "error: the first line of the CSV '$FOLDER/numbers.csv' has numbers (1, 2.5, -3) and no names of columns: say --input-option header=false, which names the columns _c0, _c1 ..., or header=true if these are the names"
    ),
    Case(
      arguments: "predict digits.onnx --input numbers.tsv --output new",
      says:
        "error: the first line of the CSV '$FOLDER/numbers.tsv' has numbers (1, 2) and no names of columns: say --input-option header=false, which names the columns _c0, _c1 ..., or header=true if these are the names"
    ),
    Case(
      arguments: "predict digits.onnx --input book.xlsx --output new",
      says:
        "error: 'book.xlsx' ends in .xlsx, which Spark does not read; convert or unpack it, or say --input-format if it is one of parquet, csv, tsv, json (one object a line), orc, avro, text, xml"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv.zip --output new",
      says:
        "error: 'in.csv.zip' ends in .zip, which Spark does not read; convert or unpack it, or say --input-format if it is one of parquet, csv, tsv, json (one object a line), orc, avro, text, xml"
    ),
    Case(
      arguments: "predict digits.onnx --input odd --output new",
      says:
        "error: the format of '$FOLDER/odd' is told neither by its name nor by its first bytes; say --input-format (parquet, csv, tsv, json (one object a line), orc, avro, text, xml)"
    ),
    Case(
      arguments: "predict digits.onnx --input mixed --output new",
      says:
        "error: '$FOLDER/mixed' has files of several formats, such as '$FOLDER/mixed/a.csv' and '$FOLDER/mixed/b.json'; read those of one, or say --input-format"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --input-format parqet --output new",
      says:
        "error: --input-format is 'parqet', which is no format; the formats are parquet, csv, tsv, json (one object a line), orc, avro, text, xml, and binaryfile, console, delta, hudi, iceberg, image, jdbc, libsvm, noop or the class of a data source"
    ),
    // Folders that are more than their files.
    Case(
      arguments: "predict digits.onnx --input delta --output new",
      says:
        "error: 'delta' is a Delta table (it has _delta_log): read as plain files it would give deleted and overwritten rows too. Let Spark read it as what it is, with --input-format delta, on a server that has Delta (--remote) or with its library (--jar). A single data file can be read by its own name"
    ),
    Case(
      arguments: "preview iceberg/data",
      says:
        "error: 'iceberg/data' belongs to '$FOLDER/iceberg', which is an Iceberg table (it has metadata/*.metadata.json): read as plain files it would give deleted and overwritten rows too. Let Spark read it as what it is, by its name (--table), or the newest metadata/*.metadata.json with --input-format iceberg, on a server that has Iceberg (--remote) or with its library (--jar). A single data file can be read by its own name"
    ),
    Case(
      arguments: "sql SELECT*FROM/**/parquet.`delta`",
      says:
        "error: 'delta' is a Delta table (it has _delta_log): read as plain files it would give deleted and overwritten rows too. Let Spark read it as what it is, as delta.`PATH`, on a server that has Delta (--remote) or with its library (--jar). A single data file can be read by its own name"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output delta --mode append",
      says:
        "error: 'delta' is a Delta table (it has _delta_log), and plain files there would damage it. Let Spark write it as what it is, with --output-format delta, on a server that has Delta (--remote) or with its library (--jar); name another output; or remove the table first"
    ),
    // The output.
    Case(
      arguments: "predict digits.onnx --input in.csv --output there",
      says:
        "error: the output 'there' exists; name another, or say --mode overwrite, append or ignore"),
    Case(
      arguments: "predict digits.onnx --input in.csv --output new.xlsx",
      says:
        "error: 'new.xlsx' ends in .xlsx, which Spark does not write; name the output otherwise or say --output-format (parquet, csv, tsv, json (one object a line), orc, avro, text, xml)"
    ),
    Case(
      arguments: "predict digits.onnx --input in.csv --output in.csv/out",
      says: "error: the output 'in.csv/out' cannot be made: '$FOLDER/in.csv' is a file"),
  ]
}
