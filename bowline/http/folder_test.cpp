#include "bowline/http/folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "bowline/http/testing/temp_folder.hpp"

namespace bowline::http {
namespace {

// A folder with a neighbour that must stay out of reach.
class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    temp.write("served/page.html", "page");
    temp.write("served/sub/deep.txt", "deep");
    temp.write("secret.txt", "secret");
    auto opened = Folder::open((temp.path() / "served").string());
    ASSERT_TRUE(opened);
    folder.emplace(std::move(*opened));
  }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, temp.path() / "served" / name);
  }
  std::error_code error_of(const std::string& path) const {
    const auto file = folder->open_file(path);
    return file ? std::error_code() : file.error();
  }

  TempFolder temp;
  std::optional<Folder> folder;
};

TEST_F(FolderTest, OpensFilesAndFolders) {
  const auto file = folder->open_file("sub/deep.txt");
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->info().folder);
  EXPECT_EQ(file->info().size, 4u);
  std::array<char, 10> bytes{};
  EXPECT_EQ(file->read_at(1, bytes), 3u);
  EXPECT_EQ(std::string_view(bytes.data(), 3), "eep");

  ASSERT_TRUE(folder->open_file(""));
  EXPECT_TRUE(folder->open_file("")->info().folder);
  EXPECT_TRUE(folder->open_file("sub")->info().folder);
}

TEST_F(FolderTest, WhatIsNotThereIsAnError) {
  EXPECT_EQ(error_of("nothing"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of("page.html/x"), std::errc::not_a_directory);
  EXPECT_EQ(error_of(std::string(300, 'x')), std::errc::filename_too_long);
  const auto missing = Folder::open((temp.path() / "missing").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), std::errc::no_such_file_or_directory);
  const auto not_folder = Folder::open((temp.path() / "secret.txt").string());
  ASSERT_FALSE(not_folder);
  EXPECT_EQ(not_folder.error(), std::errc::not_a_directory);
}

TEST_F(FolderTest, LinksThatStayInsideAreFollowed) {
  link("sub/deep.txt", "inside");
  link("../page.html", "sub/up");
  EXPECT_TRUE(folder->open_file("inside"));
  EXPECT_TRUE(folder->open_file("sub/up"));
}

TEST_F(FolderTest, NothingLeadsOut) {
  link("../secret.txt", "relative");
  link((temp.path() / "secret.txt").string(), "absolute");
  link("..", "parent");
  link("/", "root");
  link("/proc/self/cwd", "magic");
  for (const auto* path :
       {"relative", "absolute", "parent", "parent/secret.txt", "root", "root/etc/passwd", "magic",
        "..", "../secret.txt", "sub/../../secret.txt"}) {
    EXPECT_EQ(error_of(path), std::errc::cross_device_link) << path;
  }
}

TEST_F(FolderTest, ALoopOfLinksEnds) {
  link("b", "a");
  link("a", "b");
  EXPECT_EQ(error_of("a"), std::errc::too_many_symbolic_link_levels);
}

TEST_F(FolderTest, PipesAndDevicesAreNotFiles) {
  ASSERT_EQ(::mkfifo((temp.path() / "served/pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of("pipe"), std::errc::permission_denied) << "and opening it did not block";
}

// The way for kernels without openat2: no link at all.
TEST_F(FolderTest, StepwiseFollowsNoLink) {
  link("sub/deep.txt", "inside");
  link("sub", "way");
  link("../secret.txt", "outside");
  EXPECT_TRUE(folder->open_file_stepwise("sub/deep.txt"));
  EXPECT_TRUE(folder->open_file_stepwise(""));
  for (const auto* path : {"inside", "way/deep.txt", "outside", "..", "sub/../../secret.txt"}) {
    const auto file = folder->open_file_stepwise(path);
    ASSERT_FALSE(file) << path;
    EXPECT_TRUE(file.error() == std::errc::cross_device_link ||
                file.error() == std::errc::not_a_directory)
        << path << ": " << file.error().message();
  }
}

TEST_F(FolderTest, ListsFoldersFirstByName) {
  temp.write("served/zoo/x", "");
  temp.write("served/.hidden", "12");
  link("nowhere", "dangling");
  const auto top = folder->open_file("");
  ASSERT_TRUE(top);
  for (int time = 0; time < 2; ++time) {  // twice: reading leaves no trace
    const auto list = Folder::list(*top);
    ASSERT_TRUE(list);
    std::string names;
    for (const auto& entry : list->entries) names += entry.name + (entry.folder ? "/ " : " ");
    EXPECT_EQ(names, "sub/ zoo/ .hidden page.html ");
    EXPECT_FALSE(list->more);
  }
}

}  // namespace
}  // namespace bowline::http
