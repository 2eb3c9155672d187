#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In the lint root: each check prints what it found; the summary counts checks.
set -uo pipefail

scripts=/usr/src/linux-source-6.12/scripts
headers=$(echo /lib/modules/*/build)
found=/tmp/found
passed=0 failed=0

mapfile -t files < <(tr '\n' '\0' <.kmcl-files | xargs -0 ls -d 2>/dev/null)

# with SUFFIX...: the files that end so.
with() {
	local file suffix
	for file in "${files[@]}"; do
		for suffix; do
			[[ $file == *"$suffix" ]] && echo "$file"
		done
	done
}

# scripts_in LANGUAGE: the files whose first line says so.
scripts_in() {
	local file first
	for file in "${files[@]}"; do
		IFS= read -r first <"$file" 2>/dev/null
		[[ $first == '#!'*"$1"* ]] && echo "$file"
	done
}

# What checkpatch is not asked for, and why:
#  CAMELCASE, NEW_TYPEDEFS             the names and types of the API and of Windows
#  SPLIT_STRING, LONG_LINE_STRING      messages stay in one piece, to be searched for
#  MACRO_ARG_REUSE                     it asks about names and constants too; what has side effects shows in review
#  MACRO_ARG_UNUSED                    lists of functions (X macros) hand over more than one use of them takes
#  USE_LOCKDEP                         KeTestSpinLock() is what asks whether a lock is held
#  BIT_MACRO                           a size is a number of bytes, not a bit
#  FUNCTION_ARGUMENTS                  it takes the VOID of an empty list for an argument without a name
#  FILE_PATH_CHANGES, GIT_COMMIT_ID    about patches, not files
ignored=CAMELCASE,NEW_TYPEDEFS,SPLIT_STRING,LONG_LINE_STRING,MACRO_ARG_REUSE
ignored+=,MACRO_ARG_UNUSED,USE_LOCKDEP,BIT_MACRO,FUNCTION_ARGUMENTS,FILE_PATH_CHANGES,GIT_COMMIT_ID
# In programs of user space: kernel types, attributes and helpers, which are not there.
user=$ignored,PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,ARRAY_SIZE,EXPORT_SYMBOL
# Trace events have a shape of their own.
trace=$ignored,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,COMPLEX_MACRO
# In include/, which says what Windows' headers say in their shape: also how macros and declarations are made.
windows=$user,COMPLEX_MACRO,MACRO_ARG_PRECEDENCE,MACRO_WITH_FLOW_CONTROL,OPEN_ENDED_LINE
windows+=,PARENTHESIS_ALIGNMENT,LINE_SPACING,COMPARISON_TO_NULL,TRAILING_SEMICOLON,SPACING,POINTER_LOCATION
windows+=,MULTISTATEMENT_MACRO_USE_DO_WHILE,SINGLE_STATEMENT_DO_WHILE_MACRO,DO_WHILE_MACRO_WITH_TRAILING_SEMICOLON
windows+=,STORAGE_CLASS,AVOID_EXTERNS,INLINE,VOLATILE
# Written as others write: QEMU's style, and Windows drivers' (what compiles there must compile here).
foreign='^selftests/(api|host)/'

# Windows' types, which look like expressions to it otherwise.
printf '%s\n' VOID UINT32 UINT64 NTSTATUS LPCGUID PDEVICE_OBJECT >/tmp/typedefs

options=(--strict --no-tree --typedefsfile=/tmp/typedefs --root=/tmp/kernel --no-summary --terse --show-types
	--max-line-length=100)

# It looks for the kernel's include/ too, if only to find nothing of ours there.
mkdir -p /tmp/kernel/include

# checkpatch IGNORED: the files come on standard input.
checkpatch() {
	xargs -r -d '\n' perl "$scripts/checkpatch.pl" "${options[@]}" --ignore "$1" -f
}

check_checkpatch() {
	with .c .h | grep -vE "^(include|selftests/(unit|fuzz|bench/ring))/|/trace\\.h|$foreign" | checkpatch "$ignored"
	with trace.h | checkpatch "$trace"
	with .c .h | grep -E '^selftests/(unit|fuzz|bench/ring)/' | checkpatch "$user"
	with .h | grep '^include/' | checkpatch "$windows"
}

# sparse looks at what kbuild compiles; C=2 also at what it need not compile again.
check_sparse() {
	make -C "$headers" M=/run/src KMCL_ALL=1 C=2 CF=-D__CHECK_ENDIAN__ -j"$(nproc)" modules \
		>/tmp/sparse.log 2>&1 || {
		cat /tmp/sparse.log
		return
	}
	# Of the kernel's own headers, which we cannot change, nothing. Nor of calls through the interface structures:
	# sparse does not know what the members are, whose types are __typeof__ of a function. Nor of pool tags.
	grep -E '(warning|error):' /tmp/sparse.log | grep -vE '^(\./|/usr/src/|/usr/lib/)' |
		grep -vE 'error: (cast from unknown type|not a function Vmb)|multi-character character constant' |
		sort -u
}

# cppcheck does not see the kernel's headers, so what it says of macros it does not know is left out: syntax, and
# variables that a list or lock macro sets. The tests of user space need not survive without memory.
check_cppcheck() {
	mapfile -t ours < <(with .c | grep -vE "/probe/|$foreign")
	[ ${#ours[@]} -eq 0 ] && return
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr -Iinclude -D__x86_64__ \
		-D_LP64 -D__LP64__ -D__KERNEL__ -DMODULE '-D__aligned(x)=' --library=gnu \
		--suppress=missingIncludeSystem --suppress=unknownMacro --suppress=syntaxError --suppress=uninitvar \
		--suppress=toomanyconfigs --suppress=normalCheckLevelMaxBranches --suppress=nullPointerArithmetic \
		--suppress=arithOperationsOnVoidPointer --suppress='nullPointerOutOfMemory:selftests/unit/*' \
		--suppress='nullPointerOutOfMemory:selftests/fuzz/*' \
		--template='{file}:{line}: {severity} {id}: {message}' -j"$(nproc)" "${ours[@]}" 2>&1
}

check_shellcheck() {
	mapfile -t ours < <(scripts_in sh | grep -v '\.py$'; with .bash)
	# SC2317: functions that are called by name look unreachable.
	shellcheck --external-sources --source-path=SCRIPTDIR --exclude=SC2317,SC2329 --format=gcc "${ours[@]}"
	shellcheck --shell=bash --format=gcc dkms.conf --exclude=SC2034,SC2154
}

check_python() {
	local file
	while IFS= read -r file; do
		python3 - "$file" <<'PY'
import ast, sys
path = sys.argv[1]
try:
    tree = ast.parse(open(path, encoding="utf-8").read(), path)
except SyntaxError as error:
    sys.exit(f"{path}:{error.lineno}: {error.msg}")
used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
used |= {node.value.id for node in ast.walk(tree)
         if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
public = {item.value for node in tree.body if isinstance(node, ast.Assign)
          and getattr(node.targets[0], "id", "") == "__all__" for item in node.value.elts}
for node in tree.body:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for name in node.names:
            bound = (name.asname or name.name).split(".")[0]
            if bound not in used | public:
                print(f"{path}:{node.lineno}: unused import {bound}")
PY
	done < <(scripts_in python; with .py) 2>&1
}

# too_long FILE COLUMNS
too_long() {
	expand "$1" | LC_ALL=C.UTF-8 awk -v file="$1" -v most="$2" 'length($0) > most {
		print file ":" NR ": over " most " columns" }'
}

# The rules of .editorconfig: tabs or spaces as it says, no trailing space, one newline at the end, 120 columns.
check_editorconfig() {
	local file
	for file in "${files[@]}"; do
		case $file in
		LICENSE | *.png | *.svg) continue ;;
		esac
		awk -v file="$file" -v foreign="$foreign" '
			/[ \t]$/ { print file ":" NR ": trailing space" }
			/\r/ { print file ":" NR ": carriage return" }
			file ~ /\.[ch]$/ && file !~ foreign && /^ +[^ *]/ { print file ":" NR ": indented by spaces" }
			file ~ /\.py$/ && /^ *\t/ { print file ":" NR ": indented by a tab" }
			END { if (NR && $0 == "") print file ": empty line at the end" }' "$file"
		case $file in
		# checkpatch looks at C, and knows a long string. A mutant is one line of sed, a seed one of digits.
		*.md | *.[ch] | */mutants | */unreached | */seeds/*) ;;
		*) too_long "$file" 120 ;;
		esac
		[ ! -s "$file" ] || [ -z "$(tail -c1 "$file")" ] || echo "$file: no newline at the end"
	done
}

check_spdx() {
	local file
	for file in $(with .c .h .S .py .sh .bash; scripts_in sh; scripts_in python); do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' || echo "$file: no SPDX line"
	done
}

for check; do
	start=$SECONDS
	"check_$check" >"$found" 2>&1
	if [ -s "$found" ]; then
		failed=$((failed + 1))
		echo "not ok $check: $(grep -c . "$found") lines ($((SECONDS - start)) s)"
		sed 's/^/    /' "$found"
	else
		passed=$((passed + 1))
		echo "ok $check ($((SECONDS - start)) s)"
	fi
done
echo "lint: $passed passed, $failed failed"
[ $failed -eq 0 ]
