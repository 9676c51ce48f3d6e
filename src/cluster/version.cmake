# Writes version.cc: the product's version, and a hash of the files by whose code questions and answers cross.
set(hashes "")
foreach(file IN LISTS FILES)
  file(SHA256 ${file} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
string(SUBSTRING ${hash} 0 12 hash)
file(WRITE ${INTO} "#include \"cluster/identity.h\"\n\nnamespace daybook::cluster {\n
std::string build_version() { return \"${VERSION}+${hash}\"; }\n\n}  // namespace daybook::cluster\n")
