#!/usr/bin/env bash
# Opens the workbooks of the test exports_opened with LibreOffice too, which it installs (some 400 MB), and compares what
# that writes of them with the JSON answers. Takes the program that is built.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ensure_packages "${build_packages[@]}" libreoffice-calc-nogui python3-openpyxl
build daybook
step "asking LibreOffice"
# By Debian's own Python, which has its openpyxl.
DAYBOOK_BIN=$daybook DAYBOOK_TEST_OFFICE=/usr/bin/soffice /usr/bin/python3 tests/e2e/exports_opened_test.py
