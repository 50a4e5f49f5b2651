# SPDX-License-Identifier: GPL-2.0-or-later
# cpack -G DEB makes a package whose dependencies are read off the binary.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME robtrace)
set(CPACK_PACKAGE_CONTACT "robtrace developers <robtrace@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "inspects robust futexes of live processes")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
include(CPack)
