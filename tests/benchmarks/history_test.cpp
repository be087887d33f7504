#include "benchmarks/train/history.h"

#include <gtest/gtest.h>

namespace keen::test {
namespace {

trainer::History two_epochs() {
  trainer::History history;
  history.steps_per_epoch = 2;
  history.steps = {
      {1, 1, 2.5, 0.125, 1000}, {1, 2, static_cast<double>(0.1F), 0.5, 2000}, {2, 3, 1, 1, 3000}};
  history.epochs = {{1, 2, 1.3, 0.3125, 0.9041, 1333.3, 12.34},
                    {2, 3, 1, 1, std::nullopt, 3000, 0.01}};
  return history;
}

TEST(train_history, csv_has_a_line_per_step) {
  EXPECT_EQ(trainer::to_csv(two_epochs()),
            "epoch,step,loss,accuracy,images_per_second,test_accuracy\n"
            "1,1,2.5,0.125,1000.0,\n"
            "1,2,0.100000001,0.5,2000.0,0.9041\n"
            "2,3,1,1,3000.0,\n");
}

TEST(train_history, table_has_a_line_per_epoch) {
  EXPECT_EQ(trainer::to_table(two_epochs()),
            "epoch    loss  accuracy  test accuracy  images/s  seconds\n"
            "    1  1.3000    0.3125         0.9041      1333     12.3\n"
            "    2  1.0000    1.0000              -      3000      0.0\n");
}

TEST(train_history, last_line_gives_the_accuracy_measured_last) {
  EXPECT_EQ(trainer::test_accuracy_line(two_epochs()), "test accuracy: 0.9041");
  EXPECT_EQ(trainer::test_accuracy_line({}), "test accuracy: not measured");
}

}  // namespace
}  // namespace keen::test
